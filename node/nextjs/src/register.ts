/** The start of the app's server: what has to be set is looked at before the first request. */

import { isLogginError, Loggin } from '@loggin/web';
import { cookieAttributes, cookieName } from './cookies.js';
import { isProduction, misconfigured, type Runtime, variable } from './environment.js';
import { SECRET_VARIABLE, sealingKeys, secretList } from './secret.js';

/** By which of them a server knows its app. */
const APP_VARIABLES = ['LOGGIN_APP_KEY', 'LOGGIN_SECRET_KEY'];

/**
 * Ends a production server whose session secret is missing or too short, that does not say whose tokens it redeems, or
 * whose other variables are malformed, with a message and exit code 1: `instrumentation.ts` exports it. In development
 * it makes a secret that middleware at the edge and pages share.
 *
 * @throws InvalidInputError `invalid_config` where a process cannot be ended.
 */
export async function register(): Promise<void> {
  const { env, exit } = (globalThis as Runtime).process ?? {};
  try {
    await checkEnvironment();
  } catch (reason) {
    if (isProduction() && isLogginError(reason)) {
      // biome-ignore lint/suspicious/noConsole: the last words of a server that ends here.
      console.error(`@loggin/nextjs: ${reason.code}: ${reason.message}`);
      // Next.js would only log the error, and go on to respond to every request with 500.
      exit?.(1);
    }
    throw reason;
  }
  if (env && !env[SECRET_VARIABLE]?.trim()) {
    env[SECRET_VARIABLE] = secretList();
  }
}

async function checkEnvironment(): Promise<void> {
  await sealingKeys();
  cookieName('session');
  cookieAttributes(0);
  if (isProduction() && !APP_VARIABLES.some(variable)) {
    throw misconfigured(
      "Set LOGGIN_APP_KEY to your app's key, or LOGGIN_SECRET_KEY: without them tokens of anybody's app would sign in here.",
    );
  }
  new Loggin().close();
}
