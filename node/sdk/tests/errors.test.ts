/** Errors: their classes, their fields, their copies, and the whole list of codes. */

import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { inspect } from 'node:util';
import * as sdk from '@loggin/sdk';
import * as web from '@loggin/web';
import { describe, expect, it } from 'vitest';
import { vectorsOf } from './vectors.js';

const { ExpiredError, InvalidInputError, isLogginError, LogginError, RateLimitError } = sdk;

const CLASS_NAMES = Object.keys(sdk).filter((name) => name.endsWith('Error') && name !== 'isLogginError');

const FIELDS = {
  code: 'rate_limited',
  message: 'Slow down.',
  retryable: true,
  status: 429,
  retryAfter: 2.5,
  attemptsLeft: 0,
  requestId: 'r-1',
  cause: 'http_429',
};

/** The package a second time, with what it depends on, as a dependency that brings its own copy along has it. */
function secondCopy(): typeof sdk {
  const require = createRequire(import.meta.url);
  const folders = ['@loggin/sdk', '@loggin/web'].map((name) => dirname(require.resolve(name)));
  const modules = Object.keys(require.cache).filter((path) => folders.includes(dirname(path)));
  const cached = modules.map((path) => [path, require.cache[path]] as const);
  for (const path of modules) {
    delete require.cache[path];
  }
  const copy = require('@loggin/sdk') as typeof sdk;
  for (const [path, module] of cached) {
    require.cache[path] = module;
  }
  return copy;
}

describe('an error', () => {
  const error = new RateLimitError(FIELDS);

  it('is an Error of its class, with its fields', () => {
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(LogginError);
    expect(error).not.toBeInstanceOf(ExpiredError);
    expect({ ...error, message: error.message }).toEqual(FIELDS);
    expect(error.name).toBe('RateLimitError');
    expect(String(error)).toBe('RateLimitError: Slow down.');
    expect(error.stack).toContain('errors.test.ts');
  });

  it('has no field that it does not know', () => {
    const bare = new ExpiredError({ code: 'expired', message: 'Over.' });
    expect(Object.keys(bare)).toEqual(['code', 'retryable']);
    expect(bare.retryable).toBe(false);
    expect(bare.retryAfter).toBeUndefined();
  });

  it('is JSON, and data that can be cloned', () => {
    expect(JSON.parse(JSON.stringify(error))).toEqual({ name: 'RateLimitError', ...FIELDS });
    expect(structuredClone(error.toJSON())).toEqual({ name: 'RateLimitError', ...FIELDS });
    expect(structuredClone(error)).toMatchObject({ message: 'Slow down.' });
  });

  it('prints its fields after its stack', () => {
    expect(inspect(error)).toMatch(/^RateLimitError: Slow down\.\n.*code: 'rate_limited'.*retryAfter: 2\.5/s);
  });

  it.each([null, undefined, 5, 'error', {}, Object.create(null), new Error('no'), LogginError])(
    'is not %o',
    (value) => {
      expect(value instanceof LogginError).toBe(false);
      expect(isLogginError(value)).toBe(false);
    },
  );

  it('of a class that an app derives is an instance of it, and others are not', () => {
    class OwnError extends ExpiredError {}
    const own = new OwnError({ code: 'expired', message: 'Over.' });
    expect(own).toBeInstanceOf(OwnError);
    expect(own).toBeInstanceOf(ExpiredError);
    expect(new ExpiredError({ code: 'expired', message: 'Over.' })).not.toBeInstanceOf(OwnError);
  });
});

describe('an error of another copy of the package', () => {
  const copy = secondCopy();

  it.each(CLASS_NAMES)('%s is an instance here, and the other way round', (name) => {
    const className = name as 'ExpiredError';
    expect(copy[className]).not.toBe(sdk[className]);
    const foreign = new copy[className]({ code: 'any', message: '' });
    const own = new sdk[className]({ code: 'any', message: '' });
    expect(foreign).toBeInstanceOf(sdk[className]);
    expect(foreign).toBeInstanceOf(LogginError);
    expect(isLogginError(foreign)).toBe(true);
    expect(own).toBeInstanceOf(copy[className]);
    const others = CLASS_NAMES.filter((each) => each !== name && each !== 'LogginError');
    for (const other of others) {
      expect(foreign instanceof sdk[other as 'ExpiredError']).toBe(false);
    }
  });

  it('is thrown by its client', () => {
    expect(() => copy.loggin.createToken('?')).toThrow(InvalidInputError);
    expect(copy.loggin).not.toBe(sdk.loggin);
  });
});

describe('an error of @loggin/web', () => {
  const script = createRequire(import.meta.url)('@loggin/web') as typeof web;

  it.each(CLASS_NAMES)('%s is the very class of the SDK among scripts', (name) => {
    expect(script[name as 'ExpiredError']).toBe(sdk[name as 'ExpiredError']);
  });

  it.each(CLASS_NAMES)(
    '%s is an instance of the class of the SDK among modules, and the other way round',
    (name) => {
      const className = name as 'ExpiredError';
      expect(web[className]).not.toBe(sdk[className]);
      expect(new web[className]({ code: 'any', message: '' })).toBeInstanceOf(sdk[className]);
      expect(new sdk[className]({ code: 'any', message: '' })).toBeInstanceOf(web[className]);
      expect(() => sdk.loggin.createToken('?')).toThrow(web.InvalidInputError);
    },
  );
});

describe('the list of codes', () => {
  const native = createRequire(import.meta.url)('../dist/native.js') as typeof import('../src/native.js');
  const failures = native.everyFailure();
  const vectors = vectorsOf('errors');

  it('is the one of the vectors, but for those that stand for newer servers', () => {
    const listed = vectors.filter(({ id }) => !id.startsWith('unlisted')).map(({ input }) => input.code);
    expect(failures.map(({ code }) => code).sort()).toEqual([...new Set(listed)].sort());
  });

  it.each(vectors)('gives $input.code its class ($id)', ({ input, expect: wanted }) => {
    const failure = failures.find(({ code }) => code === input.code);
    if (failure) {
      expect(failure).toMatchObject({ className: wanted?.class, retryable: wanted?.retryable });
    } else {
      expect(wanted).toMatchObject({ class: 'ServerError', retryable: false });
    }
    expect(CLASS_NAMES).toContain(wanted?.class);
  });

  it('leaves no class without a code', () => {
    const used = new Set(failures.map(({ className }) => className));
    expect([...used, 'LogginError'].sort()).toEqual([...CLASS_NAMES].sort());
  });
});
