/** The shared vectors, through the functions of this package: each file, each kind, each vector. */

import { Loggin, type LogginOptions } from '@loggin/web';
import { describe, expect, it } from 'vitest';
import { event, SESSION, verified } from '../../sdk/tests/scripted-server.js';
import { type Fields, fieldsOf, subjects, type Vector, vectorsOf } from '../../sdk/tests/vectors.js';
import { delay } from '../dist/esm/backoff.js';
import { classed } from '../dist/esm/classes.js';
import { clientIpOf } from '../dist/esm/client-ip.js';
import { isLogginError } from '../dist/esm/error.js';
import { failure } from '../dist/esm/failure.js';
import {
  DEFAULT_TEXT,
  messageText,
  parseNumber,
  percentEncode,
  serverLink,
  waMeLink,
} from '../dist/esm/link.js';
import { serverOf } from '../dist/esm/server.js';
import { StreamError, streamReader } from '../dist/esm/sse.js';
import { codeOf, makeToken, parseAppKey, parseToken } from '../dist/esm/token.js';
import { awaitLogin } from '../dist/esm/wait.js';
import { openStream, scriptedFetch } from './scripted-fetch.js';

type Call = (input: never) => Fields | Promise<Fields>;

/** What each kind calls. */
const CALLS: Record<string, Call> = {
  call_timeout: (input: Seconds) => isTried({}, input),
  client_call_timeout: (input: Seconds) => isTried({ callTimeoutMs: milliseconds(input) }),
  client_ip: ({ text }: { text: string }) => ({ client_ip: clientIpOf(text) }),
  client_timeout: (input: Seconds) => lasts({ timeoutMs: milliseconds(input) }),
  code: ({ code }: { code: string }) => {
    const error = classed(failure(code, 'No.')) as Error & { retryable: boolean };
    return { class: error.name, retryable: error.retryable };
  },
  create: ({ app_key, secret }: { app_key: string; secret: string }) => {
    const token = makeToken(parseAppKey(app_key), Buffer.from(secret, 'hex'));
    return { token, code: codeOf(token) };
  },
  decode: ({ stream }: { stream: Part[] }) => ({ items: decode([bytesOf(stream)]).items }),
  delay: ({ attempt, outage_ms, hint_ms, random }: DelayInput) => {
    const words = [Number.parseInt(random.slice(0, 8), 16), Number.parseInt(random.slice(8), 16)];
    return { delay_ms: delay(attempt, outage_ms, hint_ms ?? 0, words) };
  },
  login_event: loginEvent,
  message_text: ({ text, code }: { text: string | null; code: string }) => ({
    text: messageText(text ?? DEFAULT_TEXT, code.toUpperCase()),
  }),
  parse_app_key: ({ text }: { text: string }) => ({ app_key: parseAppKey(text) }),
  parse_token: ({ text }: { text: string }) => {
    const token = parseToken(text);
    return { token, app_key: token.slice(5, 13), code: codeOf(token) };
  },
  percent_encode: ({ text }: { text: string }) => ({ encoded: percentEncode(text) }),
  session: sessionOfAnswer,
  server_link: ({ base_url, code }: { base_url: string; code: string }) => ({
    link: serverLink(serverOf({ baseUrl: base_url, allowInsecureHttp: true }).baseUrl, code),
  }),
  wait_timeout: (input: Seconds) => lasts({}, input),
  wa_me_link: ({ number, text }: { number: string; text: string }) => ({
    link: waMeLink(parseNumber(number), text),
  }),
  whatsapp_number: ({ text }: { text: string }) => ({ digits: parseNumber(text) }),
};

/** Kinds that the package has no function for. */
const NO_FUNCTION: Record<string, string> = {
  otp_result: 'one-time codes need the secret key: the SDKs have them, and a page asks its own server',
  otp_session: 'likewise',
  proxy: 'the browser chooses the proxy',
  verify_webhook: 'webhooks go to a server of the app, which has their secret',
  parse_code: 'nothing takes a code: it is made here and read by the server',
};

/** Vectors that cannot be put to the package. */
const NOT_HERE: Record<string, string> = {
  'server-code-made-canonical': 'a code is never passed in',
  'server-code-refused': 'a code is never passed in',
  'server-query-dropped': 'a client refuses a base URL with a query before it makes a link',
};

/** Fields that others are held to: the core, the server, the Python package. No event of ours has an id. */
const FIELDS_OF_OTHERS = new Set(['http_status', 'otp_http_status', 'python_also', 'retry', 'last_event_id']);

interface DelayInput {
  attempt: number;
  outage_ms: number;
  hint_ms: number | null;
  random: string;
}

type Part = string | { hex: string };

const bytesOf = (stream: Part[]): Buffer =>
  Buffer.concat(
    stream.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part.hex, 'hex'))),
  );

/** What a stream holds, fed in these pieces, and the error that ended it. */
function decode(pieces: Iterable<Uint8Array>): { items: Fields[]; error?: string } {
  const items: Fields[] = [];
  const read = streamReader({
    onEvent: (name, data) => items.push({ event: { name, data } }),
    onRetry: (milliseconds) => items.push({ retry_ms: milliseconds }),
  });
  try {
    for (const piece of pieces) {
      read(piece);
    }
    return { items };
  } catch (error) {
    if (error instanceof StreamError) {
      return { items, error: error.code };
    }
    throw error;
  }
}

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) {
    yield bytes.subarray(start, start + size);
  }
}

/** Where a stream is cut in two: everywhere, or for a long one at a few places. */
function cuts(length: number): number[] {
  const step = length > 4096 ? Math.ceil(length / 16) : 1;
  return Array.from({ length: Math.ceil(length / step) }, (_, index) => index * step);
}

/** The event comes on a stream, and an end that can be read after it. */
async function loginEvent({ event: name, data }: { event: string; data: string }): Promise<Fields> {
  const token = makeToken('8XKPQ2WN', Buffer.alloc(20, 7));
  const code = codeOf(token);
  const told = `event: ${name}\ndata: ${data.replace('{code}', code)}\n\n`;
  const { fetch, asked } = scriptedFetch(openStream(event('ready', { pending: 1 }), told, verified(code)));
  const progress: string[] = [];
  const onProgress = (status: string) => void progress.push(status);
  const wait = { token, code, claim: true, onProgress };
  const { phone } = await awaitLogin(serverOf({ baseUrl: 'http://127.0.0.1', fetch }), wait);
  expect(asked).toHaveLength(1);
  return { outcome: phone === SESSION.phone ? 'pending' : 'verified', told: progress[0] ?? null };
}

/** A server responds so to a call that redeems. */
async function sessionOfAnswer(input: { answer: object; require_phone: boolean }): Promise<Fields> {
  const { fetch } = scriptedFetch(() => Response.json(input.answer));
  const client = new Loggin({ baseUrl: 'http://127.0.0.1', fetch });
  const { token } = client.createToken('8XKPQ2WN');
  const session = await client.verifyToken<boolean>(token, { requirePhone: input.require_phone });
  return fieldsOf(session ?? expect.fail());
}

interface Seconds {
  readonly seconds: string;
}

const milliseconds = ({ seconds }: Seconds): number => Number(seconds) * 1000;

/** Whether a wait goes on when one that began later is over. */
async function lasts(options: LogginOptions, input?: Seconds): Promise<Fields> {
  const { fetch } = scriptedFetch(openStream(event('ready', { pending: 1 })));
  const client = new Loggin({ baseUrl: 'http://127.0.0.1', fetch, ...options });
  const ended = new AbortController();
  const begin = (timeoutMs?: number): Promise<unknown> => {
    const { token } = client.createToken('8XKPQ2WN');
    return client.waitForVerify(token, { signal: ended.signal, timeoutMs }).catch((reason) => reason);
  };
  const first = begin(input && milliseconds(input));
  expect(await begin(1)).toMatchObject({ code: 'timeout' });
  ended.abort();
  const end = await first;
  if (isLogginError(end) && end.code !== 'timeout') {
    throw end;
  }
  return { outcome: isLogginError(end) ? end.code : 'goes_on' };
}

/** Whether the server is asked. */
async function isTried(options: LogginOptions, input?: Seconds): Promise<Fields> {
  const { fetch, asked } = scriptedFetch(() => Response.json({ status: 'pending' }));
  const client = new Loggin({ baseUrl: 'http://127.0.0.1', fetch, ...options });
  const { token } = client.createToken('8XKPQ2WN');
  try {
    await client.verifyToken(token, { timeoutMs: input && milliseconds(input) });
  } catch (reason) {
    if (!isLogginError(reason) || reason.code !== 'connection') {
      throw reason;
    }
  }
  return { is_tried: asked.length > 0 };
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

function own(fields: Fields): Fields {
  return JSON.parse(
    JSON.stringify(fields, (name, value) => (FIELDS_OF_OTHERS.has(name) ? undefined : value)),
  );
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

const called = (subject: string): Vector[] =>
  vectorsOf(subject).filter(({ id, kind }) => !(kind in NO_FUNCTION) && !(id in NOT_HERE));

describe.each(subjects().filter((subject) => subject !== 'sse' && called(subject).length > 0))(
  '%s',
  (subject) => {
    it.each(called(subject))('$id: $comment', async ({ kind, input, expect: fields, error }) => {
      const call = CALLS[kind] ?? expect.fail(`unknown kind ${kind}`);
      expect(await outcome(call, input)).toEqual(fields ? { expect: own(fields) } : { error });
    });
  },
);

describe('sse', () => {
  it.each(called('sse'))('$id: $comment', ({ input, expect: fields, error, before }) => {
    const bytes = bytesOf(input.stream as Part[]);
    const wanted = fields ? own(fields) : { ...own(before ?? {}), error };
    expect(decode([bytes])).toEqual(wanted);
    expect(decode(pieces(bytes, 1))).toEqual(wanted);
    expect(decode(pieces(bytes, 2))).toEqual(wanted);
    for (const cut of cuts(bytes.length)) {
      expect(decode([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(wanted);
    }
  });
});
