/** What is likely wrong where a sign-in cannot work, and what fixes it: for developers, in the console of development. */

import { isLoopback, type LogginError } from '@loggin/web/create';
import { isSetupFault } from './faults.js';

/** What runs outside of a page has no origin. */
const THE_PAGE = 'the page';

/** Lets a page call. */
const allowing = (origin: string): string => `loggin-server app update <app key> --allowed-origin ${origin}`;

const WHAT_TO_DO: Readonly<Record<string, string>> = {
  unknown_app: 'The server knows no such app. It has these: loggin-server app list',
  invalid_config:
    'Name your server: <LogginProvider baseUrl="https://…">, <loggin-button base-url="https://…">',
};

/** A page that cannot reach its server is told no reason by the browser, so the likely ones are gone through. */
function causeOf({ status }: LogginError, server: URL): string {
  const { hostname = 'localhost', origin = THE_PAGE, protocol } = globalThis.location ?? {};
  if (status !== undefined) {
    return `it responds with ${status}, and not as a Loggin server does: is this the address of one, or of a proxy whose server is away?`;
  }
  if (isLoopback(server.hostname) && !isLoopback(hostname)) {
    return 'it is on the machine of whoever opens this page: name your own, <LogginProvider baseUrl="https://…"> or <loggin-button base-url="https://…">.';
  }
  if (protocol === 'https:' && server.protocol === 'http:' && !isLoopback(server.hostname)) {
    return 'browsers block http: below an https: page. Give the server a certificate.';
  }
  return [
    'is it running (curl it)?',
    `May ${origin} call it: ${allowing(origin)}`,
    `Does the page allow it: Content-Security-Policy: connect-src ${server.origin}`,
    'An ad blocker blocks it, perhaps.',
  ].join('\n- ');
}

/** Says what a developer can fix; what people do, such as letting a login expire, is no fault. */
export function diagnose(error: Error, baseUrl: string | undefined): void {
  const { code } = error as LogginError;
  if (isSetupFault(error)) {
    const { origin = THE_PAGE } = globalThis.location ?? {};
    const more =
      code === 'unauthorized'
        ? `The app does not let ${origin} call: ${allowing(origin)}`
        : (WHAT_TO_DO[code] ?? error.message);
    // biome-ignore lint/suspicious/noConsole: this is what the module is for.
    console.error(`Loggin: ${code}. ${more}`);
  } else if (baseUrl) {
    // biome-ignore lint/suspicious/noConsole: this is what the module is for.
    console.error(`Loggin: ${baseUrl} is not reached:\n- ${causeOf(error as LogginError, new URL(baseUrl))}`);
  }
}

/** A text that is given without a number has no effect; people can sign in all the same, so that it is no error. */
export function warnOfText(): void {
  // biome-ignore lint/suspicious/noConsole: this is what the module is for.
  console.warn(
    'Loggin: your text has no effect, because links go through the server, which writes the message: name its number, <LogginProvider whatsappNumber="+…">.',
  );
}
