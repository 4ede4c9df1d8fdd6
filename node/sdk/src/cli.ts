#!/usr/bin/env node
/**
 * `npx @loggin/sdk login APP_KEY`: the smallest client there is. It shows a QR code, waits, and prints who signed in.
 *
 * The session goes to the standard output, everything that people look at meanwhile to the standard error.
 */

import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import {
  type Confirm,
  type CreatedToken,
  InvalidCodeError,
  InvalidInputError,
  Loggin,
  LogginError,
  type LoginUpdate,
  type Session,
} from './index.js';

const FAILED = 1;
const MISUSED = 2;
const INTERRUPTED = 130;

/** What a secret key begins with. */
const SECRET_KEY = 'lgsk_';
const IN_ARGUMENTS =
  'a secret key is no argument, as all users of a machine can read those: set LOGGIN_SECRET_KEY';

const USAGE = `usage: npx @loggin/sdk login APP_KEY [options]

Show the QR code and the link of a login, wait for it, and print the session.

  --base-url URL     the server [default: the one of \`loggin-server dev\`]
  --confirm HOW      the least confirmation: reply, match or code
  --timeout SECONDS  how long to wait [default: 300]
  --secret-key       ask for the app's secret key
  --json             print the session, or what failed, as JSON
  --version, --help

Exit codes: 0 signed in, 1 the login failed, 2 it was called wrongly, 130 Ctrl-C. LOGGIN_BASE_URL,
LOGGIN_SECRET_KEY and LOGGIN_WHATSAPP_NUMBER are read.`;

const OPTIONS = {
  'base-url': { type: 'string' },
  confirm: { type: 'string' },
  timeout: { type: 'string' },
  'secret-key': { type: 'boolean' },
  json: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsConfig['options'];

const parse = (args: string[]) => parseArgs({ args, options: OPTIONS, allowPositionals: true });

type Options = ReturnType<typeof parse>['values'];

/** The command line makes no sense. */
class UsageError extends Error {}

/** The standard input has ended, where somebody was to type something. */
class NobodyError extends Error {}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A line of the standard input, which is shown while it is typed unless it is secret. */
async function ask(question: string, interrupt: AbortController, isSecret = false): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const output = isSecret ? nowhere : process.stderr;
  const terminal = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY });
  // In a terminal whose keys are read one by one, Ctrl-C is one of them.
  terminal.once('SIGINT', () => interrupt.abort());
  const ended = once(terminal, 'close').then((): never => {
    throw new NobodyError('there is nobody to type it: the standard input has ended');
  });
  try {
    const { signal } = interrupt;
    return (await Promise.race([terminal.question('', { signal }), ended])).trim();
  } finally {
    terminal.close();
    if (isSecret) {
      say('');
    }
  }
}

function show(login: CreatedToken): void {
  say(login.qrTerminal());
  say(`Scan it with the phone, or open ${login.link}`);
  say('Then tap Send in WhatsApp.');
}

/** Does what this step asks of the person. */
async function goOn(
  client: Loggin,
  token: string,
  update: LoginUpdate,
  interrupt: AbortController,
): Promise<void> {
  if (update.session) {
    return;
  }
  const { match, status } = update;
  if (match) {
    say(`Tap ${match} in WhatsApp.`);
  } else if (status === 'message_received') {
    say('WhatsApp hides the number: tap the button in the chat that shares it.');
  } else if (status === 'awaiting_confirmation') {
    for (;;) {
      try {
        await client.confirm(token, await ask('The code that WhatsApp shows: ', interrupt));
        return;
      } catch (error) {
        if (!(error instanceof InvalidCodeError)) {
          throw error;
        }
        say(`That is not it; tries left: ${error.attemptsLeft}`);
      }
    }
  }
}

async function signIn(appKey: string, options: Options, interrupt: AbortController): Promise<Session> {
  const secretKey = options['secret-key'] ? await ask('Secret key: ', interrupt, true) : undefined;
  const client = new Loggin({ baseUrl: options['base-url'], appKey, secretKey });
  const { signal } = interrupt;
  const timeoutMs = options.timeout === undefined ? undefined : Number(options.timeout) * 1_000;
  // What is none is refused by the client.
  const confirm = options.confirm as Confirm | undefined;
  try {
    const login = client.createToken(appKey);
    show(login);
    for await (const update of client.watch(login.token, { signal, timeoutMs, confirm })) {
      if (update.session) {
        return update.session;
      }
      await goOn(client, login.token, update, interrupt);
    }
  } finally {
    client.close();
  }
  throw new Error('a wait ends with a session or an error');
}

/** The session as the protocol writes it. */
function plain(session: Session): [name: string, value: unknown][] {
  const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.entries(session).map(([name, value]) => [
    snake(name),
    value instanceof Date ? value.toISOString() : value,
  ]);
}

function print(session: Session, isJson: boolean): void {
  const fields = plain(session);
  const known = fields.filter(([, value]) => value !== null);
  const text = isJson
    ? JSON.stringify(Object.fromEntries(fields))
    : known.map(([name, value]) => `${name}: ${value}`).join('\n');
  process.stdout.write(`${text}\n`);
}

function fail(error: unknown, isJson: boolean): number {
  if (error instanceof UsageError) {
    say(`error: ${error.message}\n\n${USAGE}`);
    return MISUSED;
  }
  if (error instanceof NobodyError) {
    say(`error: ${error.message}`);
    return FAILED;
  }
  if (!(error instanceof LogginError)) {
    throw error;
  }
  const { code, message } = error;
  if (isJson) {
    process.stdout.write(`${JSON.stringify({ error: code, message })}\n`);
  }
  say(`error: ${message} (${code})`);
  if (code === 'unauthorized') {
    say('Set LOGGIN_SECRET_KEY, or say --secret-key and be asked for it.');
  }
  return error instanceof InvalidInputError ? MISUSED : FAILED;
}

/** The app and the options of `login`. */
function read(args: string[]): { appKey: string; options: Options } {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { positionals, values: options } = parsed;
  const [command, appKey, ...others] = positionals;
  if (command !== 'login' || appKey === undefined || others.length > 0) {
    throw new UsageError('the command is `login`, with one app key');
  }
  if (options.timeout !== undefined && !(Number(options.timeout) >= 0)) {
    throw new UsageError('--timeout is a number of seconds');
  }
  return { appKey, options };
}

/** Runs a command; its exit code. */
async function main(args: string[]): Promise<number> {
  if (args.some((argument) => argument.includes(SECRET_KEY))) {
    say(`error: ${IN_ARGUMENTS}`);
    return MISUSED;
  }
  if (args.includes('--version')) {
    const { version } = require('@loggin/sdk/package.json') as { version: string };
    process.stdout.write(`${version}\n`);
    return 0;
  }
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  try {
    const { appKey, options } = read(args);
    print(await signIn(appKey, options, interrupt), Boolean(options.json));
    return 0;
  } catch (error) {
    if (interrupt.signal.aborted) {
      say('');
      return INTERRUPTED;
    }
    return fail(error, args.includes('--json'));
  }
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
