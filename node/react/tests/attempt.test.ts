/** Attempts as a value: what they tell, and how many tokens and streams they make. */

import { serverOf } from '@loggin/web/create';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  event,
  json,
  type Received,
  type Responder,
  ScriptedServer,
  SESSION,
  stream,
} from '../../sdk/tests/scripted-server.js';
import { Attempt } from '../dist/esm/attempt.js';
import type { LogginState } from '../dist/esm/login-state.js';

const APP_KEY = '8XKPQ2WN';

async function start(options: { appKey?: string; text?: string; confirm?: 'match' | 'code' } = {}) {
  const server = await ScriptedServer.start();
  server.respond(stream(event('ready', { pending: 1 })));
  const attempt = new Attempt();
  const options_ = {
    server: serverOf({ baseUrl: server.baseUrl }),
    appKey: APP_KEY,
    text: undefined,
    ...options,
  };
  const unmount = attempt.mount(options_);
  onTestFinished(unmount);
  return { server, attempt, options: options_, unmount };
}

/** The first state of an attempt that is as the test asks for. */
function stateWhere(attempt: Attempt, isIt: (state: LogginState) => boolean): Promise<LogginState> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (isIt(attempt.getState())) {
        leave();
        resolve(attempt.getState());
      }
    };
    const leave = attempt.subscribe(look);
    look();
  });
}

const statusOf = (attempt: Attempt, status: LogginState['status']) =>
  stateWhere(attempt, (state) => state.status === status);

const codeIn = (link: string | null): string => link?.split('/l/')[1] ?? expect.fail('there is no link');

/** A stream that says this of the login that is waited for. */
const telling =
  (attempt: Attempt, ...told: [string, object][]): Responder =>
  (response, received) => {
    const code = codeIn(attempt.getState().link);
    stream(...told.map(([name, data]) => event(name, { code, ...data })))(response, received);
  };

const verified = (attempt: Attempt): Responder => telling(attempt, ['verified', { session: SESSION }]);

describe('an attempt', () => {
  it('has its link before anything is asked of a server', async () => {
    const { attempt, server } = await start();
    const state = attempt.getState();
    expect(state).toMatchObject({ status: 'idle', error: null, expiresAt: null });
    expect(state.link).toMatch(`${server.baseUrl}/l/${APP_KEY}-`);
    expect(server.received).toEqual([]);
  });

  it('observes, and hands on who it was with the token', async () => {
    const { attempt, server } = await start();
    server.respond(verified(attempt));
    const success = new Promise<unknown>((resolve) => {
      attempt.handlers = { onSuccess: resolve };
    });
    attempt.start();
    expect(attempt.getState().status).toBe('pending');
    const [{ body } = expect.fail()] = [await server.request(0)];
    expect(body.claim).toBe(false);
    expect(await success).toMatchObject({ token: body.tokens?.[0], phone: SESSION.phone, appKey: APP_KEY });
    await statusOf(attempt, 'verified');
  });

  it('tells how far it has come', async () => {
    const { attempt, server } = await start();
    const seen: string[] = [];
    attempt.subscribe(() => {
      const { status } = attempt.getState();
      if (seen.at(-1) !== status) {
        seen.push(status);
      }
    });
    server.respond(
      telling(
        attempt,
        ['progress', { status: 'message_received' }],
        ['progress', { status: 'awaiting_confirmation' }],
        ['verified', { session: SESSION }],
      ),
    );
    attempt.start();
    await statusOf(attempt, 'verified');
    expect(seen).toEqual(['pending', 'message_received', 'awaiting_confirmation', 'verified']);
  });

  it.each([
    ['expired', 'expired'],
    ['denied', 'denied'],
    ['already_used', 'error'],
    ['phone_hidden', 'error'],
    ['of_a_newer_server', 'error'],
  ] as const)('that is %s ends as %s, and is told once', async (error, status) => {
    const { attempt, server } = await start();
    const told: unknown[] = [];
    attempt.handlers = {
      onError: (reason) => told.push((reason as { code?: string }).code),
      onExpire: () => told.push('expired'),
    };
    server.respond(telling(attempt, ['rejected', { error, message: 'No.' }]));
    attempt.start();
    expect((await statusOf(attempt, status)).error).toMatchObject({ code: error });
    expect(told).toEqual([error]);
  });

  it('is verified when the app has taken it', async () => {
    const { attempt, server } = await start();
    let accept = (): void => {};
    const taken = new Promise<void>((resolve) => {
      attempt.handlers = {
        onSuccess: () => {
          resolve();
          return new Promise<void>((done) => {
            accept = done;
          });
        },
      };
    });
    server.respond(verified(attempt));
    attempt.start();
    await taken;
    expect(attempt.getState().status).toBe('message_received');
    accept();
    await statusOf(attempt, 'verified');
  });

  it('whose app refuses ends as an error', async () => {
    const { attempt, server } = await start();
    const reason = new Error('No such customer.');
    const told: Error[] = [];
    attempt.handlers = { onSuccess: () => Promise.reject(reason), onError: (error) => told.push(error) };
    server.respond(verified(attempt));
    attempt.start();
    expect((await statusOf(attempt, 'error')).error).toBe(reason);
    expect(told).toEqual([reason]);
  });

  it('of a malformed app key is an error from the beginning', async () => {
    const { attempt } = await start({ appKey: 'acme' });
    expect(attempt.getState()).toMatchObject({
      status: 'error',
      error: { code: 'invalid_app_key' },
      link: null,
    });
    attempt.start();
    expect(attempt.getState().status).toBe('error');
  });
});

describe('one token and one stream', () => {
  it('however often it is started', async () => {
    const { attempt, server } = await start();
    const { link } = attempt.getState();
    for (let count = 0; count < 5; count++) {
      attempt.start();
    }
    await server.request(0);
    expect(attempt.getState().link).toBe(link);
    expect(server.received).toHaveLength(1);
  });

  it('where it is mounted twice at once, as development does', async () => {
    const { attempt, server, options, unmount } = await start();
    const { link } = attempt.getState();
    attempt.start();
    unmount();
    const unmountAgain = attempt.mount(options);
    await server.request(0);
    expect(attempt.getState()).toMatchObject({ status: 'pending', link });
    expect(server.received).toHaveLength(1);
    unmountAgain();
  });

  it('where it is hidden and shown again: the same token is waited for anew', async () => {
    const { attempt, server, options, unmount } = await start();
    attempt.start();
    const first = await server.request(0);
    unmount();
    await first.ended;
    const unmountAgain = attempt.mount(options);
    const second = await server.request(1);
    expect(second.body.tokens).toEqual(first.body.tokens);
    unmountAgain();
  });

  it('and none when nothing is mounted any more', async () => {
    const { attempt, server, unmount } = await start();
    attempt.start();
    const { ended } = await server.request(0);
    unmount();
    await ended;
    expect(server.received).toHaveLength(1);
  });

  it('and another one of each after a cancellation and after an end', async () => {
    const { attempt, server } = await start();
    const requests: Received[] = [];
    attempt.start();
    requests.push(await server.request(0));
    attempt.cancel();
    await requests[0]?.ended;
    expect(attempt.getState().status).toBe('idle');
    server.respond(telling(attempt, ['rejected', { error: 'expired', message: 'Late.' }]));
    attempt.start();
    requests.push(await server.request(1));
    await statusOf(attempt, 'expired');
    attempt.start();
    requests.push(await server.request(2));
    expect(new Set(requests.flatMap(({ body }) => body.tokens)).size).toBe(3);
  });

  it('of another app where the app changes', async () => {
    const { attempt, server, options } = await start();
    attempt.start();
    const { ended } = await server.request(0);
    onTestFinished(attempt.mount({ ...options, appKey: '7Z4M0ABC' }));
    await ended;
    expect(attempt.getState()).toMatchObject({ status: 'idle' });
    expect(attempt.getState().link).toContain('/l/7Z4M0ABC-');
  });
});

describe('digits to be chosen in WhatsApp', () => {
  it('are asked for, and stand in the state', async () => {
    const { attempt, server } = await start({ confirm: 'match' });
    server.respond(
      telling(attempt, ['ready', { pending: 1 }], ['progress', { status: 'awaiting_match', match: '07' }]),
    );
    attempt.start();
    expect((await statusOf(attempt, 'awaiting_match')).match).toBe('07');
    expect((await server.request(0)).body).toMatchObject({ confirm: 'match', claim: false });
  });

  it('are nothing that less than they can take the place of', async () => {
    const { attempt, server } = await start({ confirm: 'match' });
    server.respond(telling(attempt, ['verified', { session: { ...SESSION, confirmation: 'reply' } }]));
    attempt.start();
    expect((await statusOf(attempt, 'error')).error).toMatchObject({ code: 'invalid_response' });
  });
});

describe('a code to be typed', () => {
  const asking = (attempt: Attempt): Responder =>
    telling(attempt, ['ready', { pending: 1 }], ['progress', { status: 'awaiting_confirmation' }]);

  it.each([
    ['is wrong', json(422, { error: 'invalid_code', message: 'No.', attempts_left: 3 }), 'invalid_code', 3],
    ['cannot be checked', json(503, { error: 'unavailable', message: 'Busy.' }), 'unavailable', null],
  ] as const)('may be typed again where it %s', async (_, refusal, code, attemptsLeft) => {
    const { attempt, server } = await start();
    server.respond(asking(attempt), refusal);
    attempt.start();
    await statusOf(attempt, 'awaiting_confirmation');
    await attempt.confirm('000000');
    expect(attempt.getState()).toMatchObject({
      status: 'awaiting_confirmation',
      error: { code },
      attemptsLeft,
      isConfirming: false,
    });
    expect(server.received[1]).toMatchObject({
      path: '/api/v1/tokens/confirm',
      body: { token: server.received[0]?.body.tokens?.[0], confirmation_code: '000000' },
    });
  });

  it('ends the attempt after too many', async () => {
    const { attempt, server } = await start();
    server.respond(asking(attempt), json(422, { error: 'blocked', message: 'No.' }));
    attempt.start();
    await statusOf(attempt, 'awaiting_confirmation');
    await attempt.confirm('000000');
    expect(attempt.getState()).toMatchObject({ status: 'error', error: { code: 'blocked' } });
  });

  it('says that there were too many, also where the login is told to be over before', async () => {
    const { attempt, server, options } = await start();
    let sayOver: () => void = () => {};
    const isRead = new Promise<void>((resolve) => {
      sayOver = resolve;
    });
    const watching: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      if (String(input).endsWith('/confirm')) {
        await isRead;
        await new Promise(setImmediate);
        return response;
      }
      const watched = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          controller.enqueue(chunk);
          if (new TextDecoder().decode(chunk).includes('rejected')) {
            sayOver();
          }
        },
      });
      return new Response(response.body?.pipeThrough(watched), response);
    };
    onTestFinished(
      attempt.mount({ ...options, server: serverOf({ baseUrl: server.baseUrl, fetch: watching }) }),
    );
    const code = codeIn(attempt.getState().link);
    server.respond((events, received) => {
      asking(attempt)(events, received);
      server.respond((response, digits) => {
        events.end(event('rejected', { code, error: 'denied', message: 'Over.' }));
        json(422, { error: 'blocked', message: 'No.' })(response, digits);
      });
    });
    attempt.start();
    await statusOf(attempt, 'awaiting_confirmation');
    await attempt.confirm('000000');
    expect(attempt.getState()).toMatchObject({ status: 'error', error: { code: 'blocked' } });
  });

  it('is handed in once at a time, and only when it is asked for', async () => {
    const { attempt, server } = await start();
    await attempt.confirm('123456');
    expect(server.received).toEqual([]);
    server.respond(asking(attempt), json(200, { status: 'verified' }));
    attempt.start();
    await statusOf(attempt, 'awaiting_confirmation');
    await Promise.all([attempt.confirm('123456'), attempt.confirm('123456')]);
    expect(server.received).toHaveLength(2);
    expect(attempt.getState()).toMatchObject({ error: null, isConfirming: false });
  });
});
