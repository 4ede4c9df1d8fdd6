/** What the clients log, and to whom. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Loggin, setLogger } from '@loggin/sdk';
import { afterEach, expect, it } from 'vitest';
import { breakOff, ScriptedServer, SESSION, stream, verified } from './scripted-server.js';

const run = promisify(execFile);

type Line = readonly [level: string, text: string];

/** A logger that keeps its lines, and what resolves once there is one of a level. */
function keeper() {
  const lines: Line[] = [];
  const watchers = new Set<() => void>();
  const keep = (level: string) => (text: string) => {
    lines.push([level, text]);
    for (const watcher of watchers) {
      watcher();
    }
  };
  const until = async (level: string): Promise<void> => {
    while (!lines.some(([known]) => known === level)) {
      await new Promise<void>((resolve) => watchers.add(resolve));
    }
  };
  const logger = { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
  return { lines, logger, until };
}

afterEach(() => setLogger(null));

/** A wait that outlives one connection that breaks off; its secrets. */
async function outage(): Promise<string[]> {
  const server = await ScriptedServer.start();
  const client = new Loggin({ baseUrl: server.baseUrl });
  const { token, code } = client.createToken('8XKPQ2WN');
  server.respond(breakOff, stream(verified(code)));
  await client.waitForVerify(token);
  return [token, code, SESSION.phone];
}

it('an outage and its end are told, and no secret is', async () => {
  const { lines, logger, until } = keeper();
  setLogger(logger);
  const secrets = await outage();
  await Promise.all([until('warn'), until('info'), until('debug')]);
  for (const secret of secrets) {
    expect(lines.filter(([, text]) => text.includes(secret))).toEqual([]);
  }
});

it('a logger hears what is of its level and above', async () => {
  const { lines, logger, until } = keeper();
  setLogger(logger, 'warn');
  await outage();
  await until('warn');
  expect(new Set(lines.map(([level]) => level))).toEqual(new Set(['warn']));
});

it('a logger that throws ends nothing', async () => {
  const { logger, until } = keeper();
  const broken = (text: string) => {
    logger.warn(text);
    throw new Error('The disk is full.');
  };
  setLogger({ ...logger, warn: broken });
  await outage();
  await until('warn');
});

it('a level that is none is refused', () => {
  expect(() => setLogger(keeper().logger, 'loud' as 'warn')).toThrow(
    expect.objectContaining({ code: 'invalid_config' }),
  );
});

const PROGRAM = `
  import { Loggin } from '@loggin/sdk';
  const client = new Loggin({ baseUrl: process.argv[1], maxRetries: 0 });
  await client.verifyToken(client.createToken('8XKPQ2WN').token).catch(() => {});
`;

it.each([
  ['nothing by default', {}, 0],
  ['all with NODE_DEBUG', { NODE_DEBUG: 'loggin' }, 1],
])('a program writes %s', async (_, environment, count) => {
  const server = await ScriptedServer.start();
  server.respond(breakOff);
  const { stderr } = await run(process.execPath, ['--input-type=module', '--eval', PROGRAM, server.baseUrl], {
    cwd: import.meta.dirname,
    env: { ...process.env, ...environment },
  });
  expect(stderr.match(/^LOGGIN \d+: the server is not reached/gm) ?? []).toHaveLength(count);
});
