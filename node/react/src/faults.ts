/** What a failure is, by what was thrown: a way that the framework leads, a fault of the page, or anything else. */

/** How the digest of a framework's redirect begins: Next.js rejects an action's promise with it. */
const REDIRECT = 'NEXT_REDIRECT';

/** The beginnings of all that lead elsewhere. A redirect is on its way already; what is not found has yet to be shown. */
const CONTROL_FLOW = [REDIRECT, 'NEXT_NOT_FOUND', 'NEXT_HTTP_ERROR_FALLBACK'];

/** Codes of what is wrong with the page itself: trying again does not help. */
const SETUP = ['invalid_app_key', 'invalid_config', 'invalid_request', 'unauthorized', 'unknown_app'];

const digestOf = (reason: unknown): string => {
  const { digest } = Object(reason) as { digest?: unknown };
  return typeof digest === 'string' ? digest : '';
};

/** Whether what was thrown leads to another page, or to the page for what is not there. */
export const isControlFlow = (reason: unknown): boolean =>
  CONTROL_FLOW.some((name) => digestOf(reason).startsWith(name));

/** Whether nothing more has to be done about it. */
export const isRedirect = (reason: unknown): boolean => digestOf(reason).startsWith(REDIRECT);

/** Whether an error is of this code. */
export const isCode = (error: unknown, code: string): boolean =>
  (Object(error) as { code?: unknown }).code === code;

/** Whether the developer of the page has to fix something. */
export const isSetupFault = (error: unknown): boolean => SETUP.some((code) => isCode(error, code));
