/**
 * Verifies a phone number from a terminal: sends a one-time code over WhatsApp, asks for it, and checks it.
 *
 *     npm install && node otp.js +919876543210
 *
 * Start a server with `loggin-server dev` first, and set `LOGGIN_SECRET_KEY` to the key that it prints.
 */

import { createInterface } from 'node:readline';
import { InvalidCodeError, isLogginError, loggin } from '@loggin/sdk';

const [phone] = process.argv.slice(2);

try {
  const { sessionId, expiresIn } = await loggin.otp.start({ phone });
  console.log(`A code was sent to ${phone}. It is good for ${expiresIn} seconds.`);
  const result = await verify(sessionId);
  console.log(`Verified: +${result.phone} at ${result.verifiedAt.toISOString()}`);
} catch (error) {
  if (!isLogginError(error)) {
    throw error;
  }
  const later = error.retryAfter === undefined ? '' : `, come back in ${error.retryAfter} seconds`;
  console.error(`Not verified: ${error.code}${later}`);
  process.exitCode = 1;
}

/** Asks for the code until it is right or there are no tries left. */
async function verify(sessionId) {
  console.log('Code:');
  for await (const otpCode of createInterface({ input: process.stdin })) {
    try {
      return await loggin.otp.verify({ sessionId, otpCode });
    } catch (error) {
      if (!(error instanceof InvalidCodeError)) {
        throw error;
      }
      console.log(`Wrong; tries left: ${error.attemptsLeft}. Code:`);
    }
  }
  throw new Error('no code was typed');
}
