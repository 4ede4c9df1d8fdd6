/** Webhooks, in every form that frameworks hand them over. What is believed stands in the vectors. */

import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import {
  AuthenticationError,
  InvalidInputError,
  ServerError,
  verifyWebhook,
  type WebhookHeaders,
} from '@loggin/sdk';
import { describe, expect, it } from 'vitest';

const KEY = Buffer.from(Array.from({ length: 32 }, (_, position) => position));
const SECRET = `whsec_${KEY.toString('base64')}`;
const PAYLOAD =
  '{"type":"login.revoked","timestamp":"2026-11-22T08:00:00.000Z","data":{"phone":"919876543210"}}';

function signed(payload = PAYLOAD): Record<string, string> {
  const now = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac('sha256', KEY).update(`evt_1.${now}.${payload}`).digest('base64');
  return { 'webhook-id': 'evt_1', 'webhook-timestamp': now, 'webhook-signature': `v1,${signature}` };
}

const FORMS: Record<string, (headers: Record<string, string>) => WebhookHeaders> = {
  'as Node has them': (headers) => ({ ...headers, 'set-cookie': ['a', 'b'], via: undefined }),
  'as fetch has them': (headers) => new Headers(headers),
  pairs: (headers) => Object.entries(headers),
};

describe('a webhook', () => {
  it.each(Object.entries(FORMS))('has headers %s', (_, form) => {
    const event = verifyWebhook(PAYLOAD, form(signed()), SECRET);
    expect(event).toEqual({
      id: 'evt_1',
      type: 'login.revoked',
      timestamp: new Date('2026-11-22T08:00:00Z'),
      data: { phone: '919876543210' },
    });
  });

  it('has a body of text or bytes', () => {
    expect(verifyWebhook(Buffer.from(PAYLOAD), signed(), SECRET).id).toBe('evt_1');
  });

  it('does not print who is in it', () => {
    expect(inspect(verifyWebhook(PAYLOAD, signed(), SECRET))).not.toContain('919876543210');
  });

  it('that is refused has the class of its failure', () => {
    expect(() => verifyWebhook(`${PAYLOAD} `, signed(), SECRET)).toThrow(AuthenticationError);
    expect(() => verifyWebhook(PAYLOAD, signed(), 'lgsk_')).toThrow(InvalidInputError);
    expect(() => verifyWebhook('[]', signed('[]'), SECRET)).toThrow(ServerError);
  });
});
