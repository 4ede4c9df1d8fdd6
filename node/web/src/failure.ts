/** Makes errors: from a code, or from the response of a server. */

import { RETRYABLE_CODES } from './codes.js';
import { LogginError, type LogginErrorFields } from './error.js';

/** Longest message of a server that is kept, in characters: enough for a sentence or two. */
const MAX_MESSAGE = 500;

/** What a code looks like; a longer one is believed of no server. */
const CODE = /^[a-z0-9_]{1,64}$/;

/** What a response tells besides its code. */
export type FailureFields = Partial<Omit<LogginErrorFields, 'code' | 'message' | 'retryable'>>;

/** The error of a code. The message is for a developer, and holds nothing secret. */
export const failure = (code: string, message: string, fields?: FailureFields): LogginError =>
  new LogginError({ code, message, retryable: RETRYABLE_CODES.split(' ').includes(code), ...fields });

/** The error for a response that is none of this protocol. */
export const invalidResponse = (fields?: FailureFields): LogginError =>
  failure('invalid_response', "The server's response is none of this protocol.", fields);

/** The error that a server names, whose code may be newer than this version. */
export const failureOf = (code: unknown, message: unknown, fields?: FailureFields): LogginError =>
  typeof code === 'string' && CODE.test(code)
    ? failure(code, String(message ?? '').slice(0, MAX_MESSAGE), fields)
    : invalidResponse(fields);

/** @throws LogginError with the code where a condition does not hold. */
export function check(condition: unknown, code: string, message: string): asserts condition {
  if (!condition) {
    throw failure(code, message);
  }
}
