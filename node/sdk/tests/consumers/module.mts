/** An app in TypeScript, as an ES module: compiled, never run. The declarations are checked whole. */

import {
  type CreatedToken,
  ExpiredError,
  isLogginError,
  Loggin,
  type LogginOptions,
  type LoginStatus,
  type LoginUpdate,
  loggin,
  type OtpResult,
  type OtpSession,
  type Session,
  type StartOtpOptions,
} from '@loggin/sdk';

const options: LogginOptions = { baseUrl: 'https://login.example', timeoutMs: 60_000 };

export async function login(signal: AbortSignal): Promise<[string, string | null, number]> {
  using client = new Loggin(options);
  const created: CreatedToken = client.createToken('8XKPQ2WN', { text: 'Sign in: {code}' });
  const { token, link, code } = created;
  const session: Session = await client.waitForVerify(token, { signal, timeoutMs: 1_000 });
  const picture: string = created.qrSvg() + created.qrTerminal();
  return [link + code + picture + session.phone, session.userId, session.verifiedAt.getTime()];
}

export async function redeem(token: string): Promise<string | undefined> {
  try {
    const session = await loggin.verifyToken(token);
    // @ts-expect-error: nobody may have signed in yet.
    session.phone;
    return session?.appKey;
  } catch (error) {
    if (error instanceof ExpiredError) {
      return `${error.code} ${error.retryAfter?.toFixed(1)}`;
    }
    return isLogginError(error) ? error.requestId : undefined;
  }
}

export async function show(token: string, signal: AbortSignal): Promise<string> {
  const updates: LoginUpdate[] = [];
  for await (const update of loggin.watch(token, { signal, timeoutMs: 1_000 })) {
    updates.push(update);
    // @ts-expect-error: nobody may have signed in yet.
    update.session.phone;
    if (update.session) {
      return update.session.phone;
    }
  }
  const status: LoginStatus = await loggin.status(token, { timeoutMs: 1_000 });
  const confirmed: undefined = (await loggin.confirm(token, '123456', { signal })) as undefined;
  return `${status} ${confirmed} ${updates[0]?.status}`;
}

export async function sendCode(options: StartOtpOptions): Promise<[string, number, number]> {
  const session: OtpSession = await loggin.otp.start({ ...options, meta: { cart: 7 } });
  return [session.sessionId, session.expiresIn, session.quotaRemaining ?? Number.POSITIVE_INFINITY];
}

export async function checkCode(sessionId: string, otpCode: string): Promise<string> {
  const result: OtpResult = await loggin.otp.verify({ sessionId, otpCode });
  // @ts-expect-error: what the meta is, the app knows.
  result.meta.cart;
  const status: 'verified' = result.status;
  return `${status} ${result.phone} ${result.verifiedAt.toISOString()}`;
}

// @ts-expect-error: a code is a text: as a number it would lose its zeros.
void loggin.otp.verify({ sessionId: '', otpCode: 48392 });
// @ts-expect-error: an option by a wrong name.
new Loggin({ base_url: 'https://login.example' });
// @ts-expect-error: a token is a string.
void loggin.waitForVerify(loggin.createToken('8XKPQ2WN'));
// @ts-expect-error: what an error says cannot be changed.
new ExpiredError({ code: 'expired', message: '' }).code = 'denied';
