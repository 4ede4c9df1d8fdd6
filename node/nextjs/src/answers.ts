/** What route handlers take and answer: JSON from pages of the app's own, and the codes of the protocol. */

import { isLogginError, type LogginError } from '@loggin/web';

/** Longest body that is read, in characters: a token or a phone number has a fraction of it. */
const MAX_BODY = 4096;

/** A call of the app's server that is no fault of whoever asks it: its own key, say. */
const OWN_FAULTS = ['unauthorized', 'invalid_config', 'unknown_app', 'invalid_response', 'internal'];

/** Nothing that is told here may be kept by a cache. */
const NO_STORE = { 'Cache-Control': 'no-store' };

export function answer(body: object, status = 200): Response {
  return Response.json(body, { status, headers: NO_STORE });
}

export function refusal(error: string, status: number): Response {
  return answer({ error }, status);
}

/** Runs a handler, and answers with the error of the protocol that it throws. */
export async function answering(run: () => Promise<Response>): Promise<Response> {
  try {
    return await run();
  } catch (reason) {
    if (!isLogginError(reason)) {
      throw reason;
    }
    return failed(reason);
  }
}

function failed({ code, status, attemptsLeft, retryAfter }: LogginError): Response {
  if (OWN_FAULTS.includes(code)) {
    // biome-ignore lint/suspicious/noConsole: the operator has to know; the code holds nothing secret.
    console.error(`@loggin/nextjs: the Loggin server refuses this app: ${code}`);
    return refusal('internal', 500);
  }
  const passing = code === 'connection' ? 503 : 400;
  return answer({ error: code, attempts_left: attemptsLeft, retry_after: retryAfter }, status ?? passing);
}

/**
 * The JSON object of a request that a page of this app made; a refusal where another site may have made it: that could
 * sign its visitors in as somebody else.
 */
export async function ownRequest(request: Request): Promise<Record<string, unknown> | Response> {
  const { headers } = request;
  const type = headers.get('Content-Type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    return refusal('unsupported_media_type', 415);
  }
  if (!isSameOrigin(headers)) {
    return refusal('denied', 403);
  }
  const text = await request.text();
  try {
    const body: unknown = text.length > MAX_BODY ? null : JSON.parse(text);
    return typeof body === 'object' && body !== null ? { ...body } : refusal('invalid_request', 400);
  } catch {
    return refusal('invalid_request', 400);
  }
}

/** Whether no other site made the request. Programs that are no browsers send neither header. */
function isSameOrigin(headers: Headers): boolean {
  const site = headers.get('Sec-Fetch-Site');
  const origin = headers.get('Origin');
  if (site !== null && site !== 'same-origin') {
    return false;
  }
  const host = headers.get('X-Forwarded-Host') ?? headers.get('Host');
  return origin === null || (URL.canParse(origin) && new URL(origin).host === host);
}
