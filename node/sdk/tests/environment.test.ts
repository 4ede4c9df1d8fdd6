/** The environment is the program's own: a worker's, one that was changed, one that was replaced. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Loggin, loggin } from '@loggin/sdk';
import { afterEach, expect, it } from 'vitest';

const SERVER = 'https://login.example';
const before = process.env;

afterEach(() => {
  process.env = before;
});

const linkOf = (): string => new Loggin().createToken('8XKPQ2WN').link;

it('a variable that the program sets is read', () => {
  process.env = { ...before };
  process.env.LOGGIN_BASE_URL = SERVER;
  expect(linkOf()).toMatch(`${SERVER}/l/`);
});

it('an environment that took the place of the first one is read, and nothing else is', () => {
  process.env = { LOGGIN_BASE_URL: `${SERVER}/here` };
  expect(linkOf()).toMatch(`${SERVER}/here/l/`);
  process.env = {};
  expect(linkOf()).toMatch('http://127.0.0.1:8787/l/');
});

it('a worker has an environment of its own', async () => {
  const program = `
    const { parentPort } = require('node:worker_threads');
    const { Loggin } = require('@loggin/sdk');
    parentPort.postMessage(new Loggin().createToken('8XKPQ2WN').link);
  `;
  process.env = { ...before, LOGGIN_BASE_URL: 'https://other.example' };
  const worker = new Worker(program, { eval: true, env: { LOGGIN_BASE_URL: SERVER } });
  const exit = once(worker, 'exit');
  const [link] = await once(worker, 'message');
  expect(link).toMatch(`${SERVER}/l/`);
  await exit;
});

it('the proxy is the one of that environment', () => {
  process.env = { HTTPS_PROXY: 'http://proxy.example:3128', LOGGIN_BASE_URL: SERVER };
  expect(new Loggin().state().proxy).toBe('http://proxy.example:3128');
  process.env = { LOGGIN_BASE_URL: SERVER };
  expect(new Loggin().state().proxy).toBeNull();
});

it('the client of the environment is not opened by being closed, and is closed then', async () => {
  process.env = { LOGGIN_BASE_URL: 'no URL' };
  expect(() => loggin.close()).not.toThrow();
  process.env = { LOGGIN_BASE_URL: SERVER };
  const { token } = loggin.createToken('8XKPQ2WN');
  await expect(loggin.verifyToken(token)).rejects.toMatchObject({ code: 'closed' });
});
