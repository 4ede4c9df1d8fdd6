/** The keys that seal cookies: from `LOGGIN_SESSION_SECRET`, a list of which the first seals and all open. */

import { base64url } from 'jose';
import { misconfigured, variable } from './environment.js';

/** Shortest secret, in bytes: what a key of AES-256 has. */
const MIN_SECRET_BYTES = 32;

/** Bytes of a key's name, which stands readable in the cookie and says which of the list opens it. */
const NAME_BYTES = 6;

const KEY_BYTES = 32;

export const SECRET_VARIABLE = 'LOGGIN_SESSION_SECRET';

/** A key of the list. */
export interface SealingKey {
  readonly name: string;
  readonly bytes: Uint8Array;
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
      throw misconfigured(`Each secret of ${SECRET_VARIABLE} has at least ${MIN_SECRET_BYTES} bytes.`);
    }
    derived = { from, keys: Promise.all(secrets.map(derive)) };
  }
  return derived.keys;
}

/** The list as it stands in the environment; in development a random secret where there is none. */
export function secretList(): string {
  const given = variable(SECRET_VARIABLE);
  if (given) {
    return given;
  }
  const mode = process.env.NODE_ENV;
  if (mode !== 'development' && mode !== 'test') {
    throw misconfigured(
      `Set ${SECRET_VARIABLE} to at least ${MIN_SECRET_BYTES} random bytes: openssl rand -base64 32`,
    );
  }
  const shared = globalThis as unknown as { [IN_DEVELOPMENT]?: string };
  shared[IN_DEVELOPMENT] ??= randomSecret();
  return shared[IN_DEVELOPMENT];
}

function randomSecret(): string {
  // biome-ignore lint/suspicious/noConsole: who develops has to know why a restart signs everybody out.
  console.warn(`@loggin/nextjs: ${SECRET_VARIABLE} is not set, so sessions last until this process ends.`);
  return base64url.encode(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
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
  return { name: base64url.encode(await bits('name', NAME_BYTES)), bytes: await bits('key', KEY_BYTES) };
}
