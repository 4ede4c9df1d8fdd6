// Waits of the Node SDK. LOGGIN_SDK names the package's entry: the release build, not the one that tests use.

import { pathToFileURL } from 'node:url';
import { converse } from './child.mjs';

const { Loggin } = await import(pathToFileURL(process.env.LOGGIN_SDK));

/** Longer than any measurement. */
const TIMEOUT_MS = 900_000;

await converse(({ urls, secret_key: secretKey }) => {
  const client = new Loggin({ baseUrl: urls[0], secretKey });
  return { wait: (token) => client.waitForVerify(token, { timeoutMs: TIMEOUT_MS }) };
});
