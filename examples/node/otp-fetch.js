/**
 * The same as `otp.js` without the SDK: the two calls, made by plain `fetch`.
 *
 *     node otp-fetch.js +919876543210
 */

import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';

const API = `${process.env.LOGGIN_BASE_URL ?? 'http://127.0.0.1:8787'}/api/v1`;
const [phone] = process.argv.slice(2);

/** Makes a call. It has a name of its own, so that it may be made again when its response is lost. */
async function call(path, body) {
  const response = await fetch(`${API}${path}`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${process.env.LOGGIN_SECRET_KEY}`,
      'Content-Type': 'application/json',
      'Idempotency-Key': randomUUID(),
    },
    body: JSON.stringify(body),
    redirect: 'error',
  });
  return response.json();
}

const session = await call('/auth/start', { phone });
let result = session;
if (session.session_id) {
  console.log(`A code was sent to ${phone}. It is good for ${session.expires_in} seconds.`);
  console.log('Code:');
  for await (const code of createInterface({ input: process.stdin })) {
    result = await call('/auth/verify', { session_id: session.session_id, otp_code: code });
    if (result.error !== 'invalid_code') {
      break;
    }
    console.log(`Wrong; tries left: ${result.attempts_left}. Code:`);
  }
}
if (result.status === 'verified') {
  console.log(`Verified: +${result.phone} at ${result.verified_at}`);
} else {
  console.error(`Not verified: ${result.error}`);
  process.exitCode = 1;
}
