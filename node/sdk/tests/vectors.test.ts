/** The shared vectors, through the package: each file, each kind, each vector. */

import { InvalidInputError, isLogginError, Loggin, type LogginOptions } from '@loggin/sdk';
import { createParser } from 'eventsource-parser';
import { describe, expect, it } from 'vitest';
import { addon, unwrap } from '../dist/addon.js';
import { codeOf, crockford, delay } from './oracle.js';
import { event, json, ScriptedServer, SESSION, stream, verified } from './scripted-server.js';
import { type Fields, fieldsOf, subjects, type Vector, vectorsOf } from './vectors.js';

type Call = (input: never) => Fields | Promise<Fields>;

/** What each kind calls. */
const CALLS: Record<string, Call> = {
  call_timeout: (input: Seconds) => isTried({}, input),
  client_call_timeout: (input: Seconds) => isTried({ callTimeoutMs: milliseconds(input) }),
  client_ip: clientIp,
  client_timeout: (input: Seconds) => lasts({ timeoutMs: milliseconds(input) }),
  code: codeOfServer,
  create,
  decode,
  delay,
  login_event: loginEvent,
  message_text: messageText,
  otp_result: otpResult,
  otp_session: otpSession,
  parse_app_key: parseAppKey,
  parse_token: parseToken,
  proxy,
  server_link: serverLink,
  session,
  verify_webhook: verifyWebhook,
  wait_timeout: (input: Seconds) => lasts({}, input),
  wa_me_link: waMeLink,
  whatsapp_number: whatsappNumber,
};

/** Kinds that the package has no function for. */
const NO_FUNCTION: Record<string, string> = {
  parse_code: 'nothing takes a code: it is made here and read by the server',
  percent_encode: 'a text is checked before it is encoded; `message_text` and `wa_me_link` are encoded here',
};

/** Vectors that cannot be put to the package, or to the second opinion. */
const NOT_HERE: Record<string, string> = {
  'cr-at-the-end': 'eventsource-parser keeps a CR back until it sees what follows',
  'crlf-cut-at-the-end': 'eventsource-parser keeps a CR back until it sees what follows',
  'server-code-made-canonical': 'a code is never passed in',
  'server-code-refused': 'a code is never passed in',
  'server-query-dropped': 'a client refuses a base URL with a query before it makes a link',
  'wa-me-injection': 'a text has to hold a code',
  'wa-me-plus': 'a text has to hold a code',
};

/** Bounds of lines and events are ours: eventsource-parser has none. */
const isBound = ({ kind, error }: Vector) => kind === 'decode' && error !== undefined;

interface WebhookInput {
  payload: string;
  headers: Record<string, string>;
  secret: string;
  now: number;
}

/** The native function, as the package's own asks the clock. */
function verifyWebhook({ payload, headers, secret, now }: WebhookInput): Fields {
  const pairs = Object.entries(headers).map(([name, value]) => ({ name, value }));
  const event = unwrap(addon().verifyWebhook(Buffer.from(payload), pairs, secret, now * 1_000));
  return { id: event.id, type: event.kind, timestamp_ms: event.timestamp, data: JSON.parse(event.data) };
}

/** The package chooses the secret: its token and code are held to the same rule as the vector's. */
function create({ app_key, secret }: { app_key: string; secret: string }): Fields {
  const { token, code } = new Loggin().createToken(app_key);
  expect(code).toBe(codeOf(token));
  const given = token.slice(0, 14) + crockford(Buffer.from(secret, 'hex'));
  return { token: given, code: codeOf(given) };
}

function parseAppKey({ text }: { text: string }): Fields {
  return { app_key: new Loggin().createToken(text).toJSON().appKey };
}

/** What the server is sent is the canonical form. */
async function parseToken({ text }: { text: string }): Promise<Fields> {
  const server = await ScriptedServer.start();
  server.respond(json(200, { status: 'pending' }));
  await new Loggin({ baseUrl: server.baseUrl }).verifyToken(text);
  const token = server.received[0]?.body.token ?? '';
  return { token, app_key: token.slice(5, 13), code: codeOf(token) };
}

/** A link of the package with the vector's code in place of its own. */
function link(client: Loggin, code: string, text?: string): string {
  const canonical = code.toUpperCase();
  const created = client.createToken(canonical.slice(0, 8), { text });
  return created.link.replace(created.code, canonical);
}

function messageText({ text, code }: { text: string | null; code: string }): Fields {
  const client = new Loggin({ whatsappNumber: '15550001111' });
  return { text: new URL(link(client, code, text ?? undefined)).searchParams.get('text') };
}

function whatsappNumber({ text }: { text: string }): Fields {
  const client = new Loggin({ whatsappNumber: text });
  return { digits: new URL(client.createToken('8XKPQ2WN').link).pathname.slice(1) };
}

function waMeLink({ number, text }: { number: string; text: string }): Fields {
  const [code = ''] = text.match(/[0-9A-Z]{8}(-[0-9A-Z]{5}){4}/) ?? [];
  return { link: link(new Loggin({ whatsappNumber: number }), code, text.replace(code, '{code}')) };
}

function serverLink({ base_url, code }: { base_url: string; code: string }): Fields {
  return { link: link(new Loggin({ baseUrl: base_url, allowInsecureHttp: true }), code) };
}

/** The variables of the process, for as long as the client is made. */
function proxy(given: {
  base_url: string;
  environment: Record<string, string>;
  option: string | null;
}): Fields {
  const before = { ...process.env };
  for (const name of Object.keys(before).filter((name) => /^(.*_proxy|request_method)$/i.test(name))) {
    delete process.env[name];
  }
  Object.assign(process.env, given.environment);
  try {
    const client = new Loggin({
      baseUrl: given.base_url,
      allowInsecureHttp: true,
      proxy: given.option ?? undefined,
    });
    return { proxy: client.state().proxy ?? null };
  } finally {
    for (const name of Object.keys(given.environment)) {
      delete process.env[name];
    }
    Object.assign(process.env, before);
  }
}

/** What an respond with this code is here. What its row says besides, the core is held to. */
async function codeOfServer({ code }: { code: string }): Promise<Fields> {
  const server = await ScriptedServer.start();
  server.respond(json(400, { error: code, message: 'No.' }));
  const client = new Loggin({ baseUrl: server.baseUrl, maxRetries: 0 });
  const error = await client.verifyToken(client.createToken('8XKPQ2WN').token).catch((reason) => reason);
  expect(error).toMatchObject({ code, status: 400 });
  return { class: error.name, retryable: error.retryable };
}

/** A client whose server gives this response to every call. */
async function clientTold(answer: object): Promise<Loggin> {
  const server = await ScriptedServer.start();
  server.respond(json(200, answer));
  return new Loggin({ baseUrl: server.baseUrl, secretKey: `lgsk_8XKPQ2WN_${'7'.repeat(32)}` });
}

async function otpSession({ answer }: { answer: object }): Promise<Fields> {
  const { otp } = await clientTold(answer);
  const { sessionId, expiresIn, sentViaEngine, quotaRemaining } = await otp.start({ phone: '919876543210' });
  return {
    session_id: sessionId,
    expires_in: expiresIn,
    sent_via_engine: sentViaEngine,
    quota_remaining: quotaRemaining,
  };
}

/** What the server is told; a text that is no address goes nowhere. */
async function clientIp({ text }: { text: string }): Promise<Fields> {
  const server = await ScriptedServer.start();
  server.respond(json(200, { session_id: 's', expires_in: 300 }));
  const { otp } = new Loggin({ baseUrl: server.baseUrl, secretKey: `lgsk_8XKPQ2WN_${'7'.repeat(32)}` });
  await otp.start({ phone: '919876543210', clientIp: text }).catch((reason) => {
    expect(server.received).toEqual([]);
    throw reason;
  });
  return { client_ip: server.received[0]?.body.client_ip };
}

async function otpResult({ answer }: { answer: object }): Promise<Fields> {
  const { otp } = await clientTold(answer);
  const { verifiedAt, ...fields } = await otp.verify({ sessionId: 's', otpCode: '1' });
  return { ...fields, verified_at_ms: verifiedAt.getTime() };
}

async function session({
  answer,
  require_phone,
}: {
  answer: object;
  require_phone: boolean;
}): Promise<Fields> {
  const client = await clientTold(answer);
  const { token } = client.createToken('8XKPQ2WN');
  const found = await client.verifyToken<boolean>(token, { requirePhone: require_phone });
  return fieldsOf(found ?? expect.fail());
}

/** The event comes on a stream, and an end that can be read after it. */
async function loginEvent({ event: name, data }: { event: string; data: string }): Promise<Fields> {
  const server = await ScriptedServer.start();
  const client = new Loggin({ baseUrl: server.baseUrl });
  const { token, code } = client.createToken('8XKPQ2WN');
  const told = `event: ${name}\ndata: ${data.replace('{code}', code)}\n\n`;
  server.respond(stream(event('ready', { pending: 1 }), told, verified(code)));
  const { phone } = await client.waitForVerify(token);
  expect(server.received).toHaveLength(1);
  return { outcome: phone === SESSION.phone ? 'pending' : 'verified' };
}

interface Seconds {
  readonly seconds: string;
}

const milliseconds = ({ seconds }: Seconds): number => Number(seconds) * 1000;

/** Nobody listens there, and no proxy is asked. */
const NOBODY = 'http://127.0.0.1:1';

/** Whether a wait goes on when one that began later is over. */
async function lasts(options: LogginOptions, input?: Seconds): Promise<Fields> {
  const client = new Loggin({ baseUrl: NOBODY, ...options });
  const begin = (timeoutMs?: number) => codeOfEnd(client.waitForVerify(tokenOf(client), { timeoutMs }));
  const first = begin(input && milliseconds(input));
  expect(await begin(1)).toBe('timeout');
  client.close();
  const code = await first;
  if (code !== 'timeout' && code !== 'closed') {
    throw new InvalidInputError({ code, message: '' });
  }
  return { outcome: code === 'timeout' ? code : 'goes_on' };
}

/** Whether there was time to find that nobody listens. */
async function isTried(options: LogginOptions, input?: Seconds): Promise<Fields> {
  const client = new Loggin({ baseUrl: NOBODY, maxRetries: 0, ...options });
  const timeoutMs = input && milliseconds(input);
  const error = await client.verifyToken(tokenOf(client), { timeoutMs }).catch((reason) => reason);
  if (error.code !== 'connection') {
    throw error;
  }
  return { is_tried: error.cause !== 'timeout' };
}

const tokenOf = (client: Loggin): string => client.createToken('8XKPQ2WN').token;

const codeOfEnd = (promise: Promise<unknown>): Promise<string> =>
  promise.then(String, (reason) => (isLogginError(reason) ? reason.code : String(reason)));

/**
 * Fields that others are held to: the core, the server, the Python package; eventsource-parser tells no last id, and a
 * wait no progress.
 */
const FIELDS_OF_OTHERS = new Set([
  'http_status',
  'otp_http_status',
  'python_also',
  'retry',
  'last_event_id',
  'told',
]);

/** The decoder that browsers' polyfills use, as a second opinion on the results. */
function decode({ stream }: { stream: (string | { hex: string })[] }): Fields {
  const items: Fields[] = [];
  const parser = createParser({
    onEvent: ({ event = 'message', data }) => {
      items.push({ event: { name: event, data } });
    },
    onRetry: (retry) => items.push({ retry_ms: Math.min(retry, Number.MAX_SAFE_INTEGER) }),
  });
  const parts = stream.map((part) =>
    typeof part === 'string' ? Buffer.from(part) : Buffer.from(part.hex, 'hex'),
  );
  parser.feed(new TextDecoder().decode(Buffer.concat(parts)));
  return { items };
}

/** The outcome of a call, in a vector's words. */
async function outcome(call: Call, input: Fields): Promise<Pick<Vector, 'expect' | 'error'>> {
  try {
    return { expect: await call(input as never) };
  } catch (error) {
    if (isLogginError(error)) {
      return { error: error.code };
    }
    throw error;
  }
}

function wanted({ expect: fields, error }: Vector): Pick<Vector, 'expect' | 'error'> {
  const own = JSON.stringify(fields, (name, value) => (FIELDS_OF_OTHERS.has(name) ? undefined : value));
  return fields ? { expect: JSON.parse(own) } : { error: error as string };
}

it('no file of the folder is left out', () => {
  const known = ['backoff', 'errors', 'events', 'link', 'otp', 'proxy', 'sse', 'timeout', 'token', 'webhook'];
  expect(subjects()).toEqual(known);
});

it('a kind that nobody calls fails', () => {
  const kinds = new Set(subjects().flatMap((subject) => vectorsOf(subject).map(({ kind }) => kind)));
  expect([...kinds].sort()).toEqual([...Object.keys(CALLS), ...Object.keys(NO_FUNCTION)].sort());
});

it('a vector that is passed over is there', () => {
  const ids = new Set(subjects().flatMap((subject) => vectorsOf(subject).map(({ id }) => id)));
  expect(Object.keys(NOT_HERE).filter((id) => !ids.has(id))).toEqual([]);
});

describe.each(subjects())('%s', (subject) => {
  const here = vectorsOf(subject).filter(
    (vector) => !(vector.kind in NO_FUNCTION) && !(vector.id in NOT_HERE) && !isBound(vector),
  );

  it.each(here)('$id: $comment', async (vector) => {
    const call = CALLS[vector.kind] ?? expect.fail(`unknown kind ${vector.kind}`);
    expect(await outcome(call, vector.input)).toEqual(wanted(vector));
  });
});
