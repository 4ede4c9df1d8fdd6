/** Webhooks of the server, as an app takes them. */

import { INSPECT, type Show } from '@loggin/web/shared';
import { addon, unwrap } from './addon.js';

/** Something that happened, as the server told it. */
export interface WebhookEvent {
  /** Names the event: a webhook may come twice, with the same id. */
  readonly id: string;
  /** What happened, e.g. `login.verified`. Later servers tell of more: pass over what you do not know. */
  readonly type: string;
  /** When it happened. */
  readonly timestamp: Date;
  /** What is told of it, by its type. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** The headers of a call: Node's object, the Fetch API's `Headers`, or pairs. */
export type WebhookHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [string, string]>;

/**
 * Checks that a webhook comes from the Loggin server, now, and reads it. Answer 2xx within ten seconds, and work
 * afterwards.
 *
 * @param payload The body as it arrived, before anything has parsed it.
 * @param headers Those of the call; names in any case.
 * @param secret The endpoint's, `whsec_…`, as `loggin-server webhook add` showed it.
 * @throws AuthenticationError `invalid_signature` where a header is missing, no signature is of this secret, or it was
 *   signed more than five minutes ago or ahead.
 * @throws InvalidInputError `invalid_config` where the secret is none.
 * @throws ServerError `invalid_response` where what is signed is no event.
 *
 * @example
 * app.post('/hooks', express.raw({ type: '*\/*' }), (request, response) => {
 *   const event = verifyWebhook(request.body, request.headers, secret);
 *   response.sendStatus(204);
 * });
 */
export function verifyWebhook(
  payload: string | Uint8Array,
  headers: WebhookHeaders,
  secret: string,
): WebhookEvent {
  const body = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
  const { id, kind, timestamp, data } = unwrap(addon().verifyWebhook(body, [...pairs(headers)], secret));
  const event = { id, type: kind, timestamp: new Date(timestamp), data: JSON.parse(data) };
  // Printed, it shows no person.
  Object.defineProperty(event, INSPECT, {
    value: (_depth: number, options: object, inspect: Show) =>
      `WebhookEvent ${inspect({ id, type: kind }, options)}`,
  });
  return event;
}

function* pairs(headers: WebhookHeaders): Generator<{ name: string; value: string }> {
  const entries = Symbol.iterator in headers ? headers : Object.entries(headers);
  for (const [name, value] of entries as Iterable<
    readonly [string, string | readonly string[] | undefined]
  >) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one === 'string') {
        yield { name, value: one };
      }
    }
  }
}
