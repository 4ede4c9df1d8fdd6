/** What route handlers take and give: JSON from pages of the app's own, and the codes of the protocol. */

import { isLogginError, type LogginError } from '@loggin/web';
import { misconfigured } from './environment.js';
import { hostOf } from './hosts.js';

/** Longest body that is read, in characters: a token or a phone number has a fraction of it. */
const MAX_BODY = 4096;

/** A call of the app's server that is no fault of whoever asks it: its own key, say. */
const OWN_FAULTS = ['unauthorized', 'invalid_config', 'invalid_response', 'internal'];

/** Nothing that is told here may be kept by a cache. */
const NO_STORE = { 'Cache-Control': 'no-store' };

/** Which pages a route responds to. */
export interface OriginOptions {
  /**
   * Origins besides the route's own whose pages may ask, such as `https://acme.example`: for proxies that hide what a
   * browser asked.
   */
  readonly allowedOrigins?: readonly string[] | undefined;
}

export function respond(body: object, status = 200): Response {
  return Response.json(body, { status, headers: NO_STORE });
}

export function refusal(error: string, status: number): Response {
  return respond({ error }, status);
}

/** Runs a handler, and responds with the error of the protocol that it throws. */
export async function responding(run: () => Promise<Response>): Promise<Response> {
  try {
    return await run();
  } catch (reason) {
    const { error, status, attemptsLeft, retryAfter } = told(reason);
    return respond({ error, attempts_left: attemptsLeft, retry_after: retryAfter }, status);
  }
}

/** What a route does with the body of a request to one of the paths below it. */
export type Step = (body: Record<string, unknown>, request: Request) => Promise<Response>;

/** The handler of a route with a path for each step, such as `begin`, that takes JSON of the app's own pages. */
export function stepsHandler(
  steps: Readonly<Record<string, Step>>,
  allowedOrigins: readonly string[],
): { POST: (request: Request) => Promise<Response> } {
  const POST = async (request: Request): Promise<Response> => {
    const name = new URL(request.url).pathname.split('/').filter(Boolean).at(-1) ?? '';
    const step = Object.hasOwn(steps, name) ? steps[name] : undefined;
    if (!step) {
      return refusal('not_found', 404);
    }
    const body = await ownRequest(request, allowedOrigins);
    return body instanceof Response ? body : await responding(() => step(body, request));
  };
  return { POST };
}

/** What a page is told of an error. */
export interface Told {
  readonly error: string;
  readonly status: number;
  readonly attemptsLeft?: number | undefined;
  readonly retryAfter?: number | undefined;
}

/** What a page is told of an error of the protocol; others are thrown again. A fault of the app's own is logged. */
export function told(reason: unknown): Told {
  if (!isLogginError(reason)) {
    throw reason;
  }
  const { code, status, attemptsLeft, retryAfter } = reason;
  if (isOwnFault(reason)) {
    // biome-ignore lint/suspicious/noConsole: the operator has to know; the code holds nothing secret.
    console.error(`@loggin/nextjs: the Loggin server refuses this app: ${code}`);
    return { error: 'internal', status: 500 };
  }
  const passing = code === 'connection' ? 503 : 400;
  return { error: code, status: status ?? passing, attemptsLeft, retryAfter };
}

/** An app that the server does not know is this one: tokens of others were refused before it was asked. */
function isOwnFault({ code, status }: LogginError): boolean {
  return OWN_FAULTS.includes(code) || (code === 'unknown_app' && status !== undefined);
}

/** @throws InvalidInputError `invalid_config` where one of them is no origin. */
export function checkOrigins({ allowedOrigins = [] }: OriginOptions): readonly string[] {
  for (const each of allowedOrigins) {
    if (!URL.canParse(each) || new URL(each).origin !== each) {
      throw misconfigured(`${JSON.stringify(each)} is no origin: write https://acme.example`);
    }
  }
  return allowedOrigins;
}

/**
 * The JSON object of a request that a page of this app made; a refusal where another site may have made it: that could
 * sign its visitors in as somebody else.
 */
export async function ownRequest(
  request: Request,
  allowedOrigins: readonly string[],
): Promise<Record<string, unknown> | Response> {
  const { headers } = request;
  const type = headers.get('Content-Type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    return refusal('unsupported_media_type', 415);
  }
  if (!isOwnPage(headers, allowedOrigins)) {
    return refusal('denied', 403);
  }
  const text = await request.text();
  try {
    const body: unknown = text.length > MAX_BODY ? null : JSON.parse(text);
    return typeof body === 'object' && body !== null ? { ...body } : refusal('invalid_request', 400);
  } catch {
    return refusal('invalid_request', 400);
  }
}

/**
 * Whether no other site made the request. A browser's own word, which no page can write, is proof; older ones tell the
 * origin alone, and programs that are no browsers neither.
 */
export function isOwnPage(headers: Headers, allowedOrigins: readonly string[]): boolean {
  const site = headers.get('Sec-Fetch-Site');
  const origin = headers.get('Origin');
  if (origin !== null && allowedOrigins.includes(origin)) {
    return true;
  }
  return site === null ? origin === null || isOfHost(origin, hostOf(headers)) : site === 'same-origin';
}

/** Whether an origin is that of a host, whose port may be the one that goes without saying. */
function isOfHost(origin: string, host: string | null): boolean {
  if (!URL.canParse(origin)) {
    return false;
  }
  const own = `${new URL(origin).protocol}//${host}`;
  return URL.canParse(own) && new URL(own).host === new URL(origin).host;
}
