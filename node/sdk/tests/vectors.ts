/** The vectors that all languages share: `tests/vectors` at the root of the repository. */

import { readdirSync, readFileSync } from 'node:fs';
import type { Session } from '@loggin/web';

export type Fields = Record<string, unknown>;

export interface Vector {
  readonly id: string;
  readonly kind: string;
  readonly comment: string;
  readonly input: Fields;
  readonly expect?: Fields;
  readonly error?: string;
  readonly before?: Fields;
}

const FOLDER = new URL('../../../tests/vectors/', import.meta.url);
const KNOWN_FIELDS = new Set(['id', 'kind', 'comment', 'input', 'expect', 'error', 'before']);

/** The files of vectors, without `.json`. */
export function subjects(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json') && name !== 'schema.json')
    .map((name) => name.replace('.json', ''))
    .sort();
}

/** The vectors of a file; a field that nobody knows is an error. */
export function vectorsOf(subject: string): Vector[] {
  const file = JSON.parse(readFileSync(new URL(`${subject}.json`, FOLDER), 'utf8'), expand);
  const vectors: Vector[] = file.vectors;
  for (const vector of vectors) {
    const unknown = Object.keys(vector).filter((field) => !KNOWN_FIELDS.has(field));
    if (unknown.length > 0 || (vector.expect === undefined) === (vector.error === undefined)) {
      throw new Error(`${subject} ${vector.id}: ${unknown.join()} is unknown, or there is no one outcome`);
    }
  }
  return vectors;
}

/** Replaces `{"repeat": "x", "times": 3}`, wherever it stands, by `"xxx"`. */
function expand(_: string, value: unknown): unknown {
  if (typeof value === 'object' && value !== null && 'repeat' in value && 'times' in value) {
    return String(value.repeat).repeat(Number(value.times));
  }
  return value;
}

/** A session in a vector's words. */
export const fieldsOf = (session: Session<string | null>): Fields => ({
  app_key: session.appKey,
  phone: session.phone,
  user_id: session.userId,
  subject: session.subject,
  confirmation: session.confirmation,
  assurance: session.assurance,
  verified_at_ms: session.verifiedAt.getTime(),
});
