/** Ways back lead to the app's own paths. */

import { expect, test } from 'vitest';
import { returnToOf } from '../src/index.js';

test.each([
  '/',
  '/dashboard',
  '/a/b?c=d&e=%2F#f',
  '/a//b',
  '/%2Felsewhere.example',
  '/?u=https://elsewhere.example',
])('%s stays', (path) => {
  expect(returnToOf(path)).toBe(path);
});

test.each([
  '',
  'dashboard',
  '//elsewhere.example',
  '///elsewhere.example',
  '/\\elsewhere.example',
  '\\\\elsewhere.example',
  'https://elsewhere.example',
  'javascript:alert(1)',
  ' /a',
  '/a b',
  '/\t/elsewhere.example',
  '/\n/elsewhere.example',
  '/.//elsewhere.example',
  '/a/..//elsewhere.example',
  '/%2e//elsewhere.example',
  `/${'a'.repeat(1001)}`,
  undefined,
  null,
  7,
  ['/a'],
  {},
])('%j does not', (value) => {
  expect(returnToOf(value, '/home')).toBe('/home');
});
