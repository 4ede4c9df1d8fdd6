/** An app in TypeScript, compiled to CommonJS: compiled, never run. */

import { LogginError, loggin, type Session } from '@loggin/sdk';

export async function phone(): Promise<string> {
  const { token } = loggin.createToken('8XKPQ2WN');
  const session: Session = await loggin.waitForVerify(token);
  return session.phone;
}

export const describe = (error: unknown): string => (error instanceof LogginError ? error.code : 'unknown');
