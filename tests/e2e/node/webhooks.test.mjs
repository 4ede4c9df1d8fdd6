/** Webhooks from the real server, verified by the published libraries of Standard Webhooks and by our own. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { verifyWebhook } from '@loggin/sdk';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { Environment } from './environment.mjs';

let environment;
let receiver;
let endpoint;
const arrived = [];

before(async () => {
  environment = await Environment.start();
  receiver = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) {
      parts.push(part);
    }
    arrived.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
    response.writeHead(204).end();
  });
  await once(receiver.listen(0, '127.0.0.1'), 'listening');
  const { appKey } = await environment.createApp();
  const url = `http://127.0.0.1:${receiver.address().port}/hook`;
  endpoint = await environment.webhook('add', appKey, url, '--json');
  await environment.webhook('test', endpoint.endpoint_id, '--json');
});

after(async () => {
  receiver?.close();
  await environment?.stop();
});

const VERIFIERS = {
  standardwebhooks: ({ body, headers }, secret) => new StandardWebhook(secret).verify(body, headers),
  svix: ({ body, headers }, secret) => new SvixWebhook(secret).verify(body, headers),
  '@loggin/sdk': ({ body, headers }, secret) => verifyWebhook(body, headers, secret),
};

for (const [name, verify] of Object.entries(VERIFIERS)) {
  test(`${name} verifies what the server sends, and nothing else`, () => {
    const [delivery] = arrived;
    assert.equal(verify(delivery, endpoint.secret).type, 'webhook.test');
    assert.throws(() => verify({ ...delivery, body: `${delivery.body} ` }, endpoint.secret));
    const headers = { ...delivery.headers, 'webhook-id': 'evt_other' };
    assert.throws(() => verify({ ...delivery, headers }, endpoint.secret));
  });
}
