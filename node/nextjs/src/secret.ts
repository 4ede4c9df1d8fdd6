/** The keys that seal cookies: from `LOGGIN_SESSION_SECRET`, a list of which the first seals and all open. */

import { InvalidInputError, isLogginError } from '@loggin/web';

/** Shortest secret, in bytes: what a key of AES-256 has. */
const MIN_SECRET_BYTES = 32;

/** Bytes of a key's name, which stands readable in the cookie and says which of the list opens it. */
const NAME_BYTES = 6;

const KEY_BYTES = 32;

const VARIABLE = 'LOGGIN_SESSION_SECRET';

/** A key of the list. */
export interface SealingKey {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What the edge has less of than Node. */
interface Runtime {
  readonly process?: {
    readonly env?: Record<string, string | undefined>;
    readonly exit?: (code: number) => never;
  };
}

/** Where development keeps its random secret: copies of this package in one process share it. */
const IN_DEVELOPMENT = Symbol.for('@loggin/nextjs secret of this process');

const ENCODER = new TextEncoder();

let derived: { readonly from: string; readonly keys: Promise<readonly SealingKey[]> } | undefined;

/**
 * The keys, newest first.
 *
 * @throws InvalidInputError `invalid_config` where the secret is too short, or missing outside development.
 */
export function sealingKeys(): Promise<readonly SealingKey[]> {
  const from = secretList();
  if (derived?.from !== from) {
    const secrets = from.split(/[\s,]+/).filter(Boolean);
    if (secrets.some((secret) => ENCODER.encode(secret).length < MIN_SECRET_BYTES)) {
      throw misconfigured(`Each secret of ${VARIABLE} has at least ${MIN_SECRET_BYTES} bytes.`);
    }
    derived = { from, keys: Promise.all(secrets.map(derive)) };
  }
  return derived.keys;
}

/**
 * Ends a production server whose session secret is missing or too short, with a message and exit code 1:
 * `instrumentation.ts` exports it. In development it makes a secret that middleware at the edge and pages share.
 *
 * @throws InvalidInputError `invalid_config` where a process cannot be ended.
 */
export async function register(): Promise<void> {
  const { env, exit } = (globalThis as Runtime).process ?? {};
  try {
    await sealingKeys();
  } catch (reason) {
    if (process.env.NODE_ENV === 'production' && isLogginError(reason)) {
      // biome-ignore lint/suspicious/noConsole: the last words of a server that ends here.
      console.error(`@loggin/nextjs: ${reason.code}: ${reason.message}`);
      // Next.js would only log the error, and go on to answer every request with 500.
      exit?.(1);
    }
    throw reason;
  }
  if (env && !env[VARIABLE]?.trim()) {
    env[VARIABLE] = secretList();
  }
}

function secretList(): string {
  const given = (globalThis as Runtime).process?.env?.[VARIABLE]?.trim();
  if (given) {
    return given;
  }
  const mode = process.env.NODE_ENV;
  if (mode !== 'development' && mode !== 'test') {
    throw misconfigured(
      `Set ${VARIABLE} to at least ${MIN_SECRET_BYTES} random bytes: openssl rand -base64 32`,
    );
  }
  const shared = globalThis as unknown as { [IN_DEVELOPMENT]?: string };
  shared[IN_DEVELOPMENT] ??= randomSecret();
  return shared[IN_DEVELOPMENT];
}

function randomSecret(): string {
  // biome-ignore lint/suspicious/noConsole: who develops has to know why a restart signs everybody out.
  console.warn(`@loggin/nextjs: ${VARIABLE} is not set, so sessions last until this process ends.`);
  return base64Url(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
}

function misconfigured(message: string): InvalidInputError {
  return new InvalidInputError({ code: 'invalid_config', message });
}

async function derive(secret: string): Promise<SealingKey> {
  const material = await crypto.subtle.importKey('raw', ENCODER.encode(secret), 'HKDF', false, [
    'deriveBits',
  ]);
  const bits = async (purpose: string, bytes: number): Promise<Uint8Array> => {
    const info = ENCODER.encode(`loggin session v1 ${purpose}`);
    const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info };
    return new Uint8Array(await crypto.subtle.deriveBits(how, material, bytes * 8));
  };
  return { name: base64Url(await bits('name', NAME_BYTES)), bytes: await bits('key', KEY_BYTES) };
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}
