/** Sealed values: encrypted and authenticated (AES-256-GCM in a compact JWE), for one cookie and one time. */

import { base64url, EncryptJWT, type JWTPayload, jwtDecrypt } from 'jose';
import { sealingKeys } from './secret.js';

/** Longest value that is opened, in characters: ours with the most claims have less, and a cookie may have 4,096. */
const MAX_SEALED = 3072;

const ALGORITHMS = { alg: 'dir', enc: 'A256GCM' } as const;

/** What a sealed value said. */
export interface Opened {
  readonly claims: JWTPayload;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  /** It was sealed with a key that only opens by now. */
  readonly isOldKey: boolean;
}

/** Seals claims for the cookie of this name, for so many seconds. */
export async function seal(cookie: string, claims: JWTPayload, lifetimeS: number): Promise<string> {
  const [key] = await sealingKeys();
  if (!key) {
    throw new Error('The list of keys has at least one.');
  }
  const now = Math.floor(Date.now() / 1000);
  return await new EncryptJWT(claims)
    .setProtectedHeader({ ...ALGORITHMS, kid: key.name })
    .setAudience(cookie)
    .setIssuedAt(now)
    .setExpirationTime(now + lifetimeS)
    .encrypt(key.bytes);
}

/**
 * What the value of this cookie says; null where it is not ours, not this cookie's, altered or too old.
 *
 * @throws InvalidInputError `invalid_config` without a valid secret.
 */
export async function open(cookie: string, value: string | undefined): Promise<Opened | null> {
  // First of all, so that an app without a secret does not look as if nobody were signed in.
  const keys = await sealingKeys();
  if (!value || value.length > MAX_SEALED || !isCanonical(value)) {
    return null;
  }
  try {
    const { payload, protectedHeader } = await jwtDecrypt(
      value,
      ({ kid }) => {
        const key = keys.find(({ name }) => name === kid);
        if (!key) {
          throw new Error('No key of the list has this name.');
        }
        return key.bytes;
      },
      {
        audience: cookie,
        keyManagementAlgorithms: [ALGORITHMS.alg],
        contentEncryptionAlgorithms: [ALGORITHMS.enc],
        requiredClaims: ['iat', 'exp'],
      },
    );
    const { iat = 0 } = payload;
    return { claims: payload, issuedAt: iat, isOldKey: protectedHeader.kid !== keys[0]?.name };
  } catch {
    return null;
  }
}

/** Base64 has bits to spare in its last symbol: one value has one spelling here. */
function isCanonical(value: string): boolean {
  try {
    return value.split('.').every((part) => base64url.encode(base64url.decode(part)) === part);
  } catch {
    return false;
  }
}
