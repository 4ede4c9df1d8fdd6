// better-auth with its phone-number plugin, as its documentation sets it up: SQLite by better-sqlite3, which commits to
// the disk, and its rate limiter on, with rules that let the load through.
//
// A code is sent as ours is: by a call of WhatsApp's API. It is consumed without a user or a session being made, the
// least that the plugin can do with one.

import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { phoneNumber } from 'better-auth/plugins';
import Database from 'better-sqlite3';

const [, , path, graphUrl] = process.argv;
const database = new Database(path);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');

const auth = betterAuth({
  baseURL: 'http://127.0.0.1',
  secret: 'a secret of the benchmark, which guards nothing',
  database,
  logger: { level: 'error' },
  rateLimit: { enabled: true, customRules: { '/phone-number/send-otp': { window: 60, max: 1_000_000_000 } } },
  plugins: [phoneNumber({ sendOTP })],
});

async function sendOTP({ phoneNumber, code }) {
  const parameters = [{ type: 'text', text: code }];
  const response = await fetch(`${graphUrl}/v26.0/1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer access' },
    body: JSON.stringify({
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: phoneNumber,
      type: 'template',
      template: {
        name: 'verification_code',
        language: { code: 'en_US' },
        components: [
          { type: 'body', parameters },
          { type: 'button', sub_type: 'url', index: '0', parameters },
        ],
      },
    }),
  });
  await response.json();
}

async function consume(request, response) {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  const body = JSON.parse(Buffer.concat(chunks).toString());
  const result = await auth.api.consumePhoneNumberOTP({ body });
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result ?? {}));
}

const { runMigrations } = await getMigrations(auth.options);
await runMigrations();
const handle = toNodeHandler(auth);
const server = createServer((request, response) => {
  const handled = request.url === '/verify' ? consume(request, response) : handle(request, response);
  Promise.resolve(handled).catch((error) => {
    console.error(error);
    process.exit(1);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
