/** One connection after the other: streams that are kept back or fall silent, long polls, pages that come back. */

import { Loggin } from '@loggin/web';
import { createLogin, serverOf } from '@loggin/web/create';
import { awaitLogin } from '@loggin/web/finish';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  event,
  json,
  type Responder,
  ScriptedServer,
  SESSION,
  stream,
  verified,
} from '../../sdk/tests/scripted-server.js';
import { openPage, type Page, sleep, stopClock } from './page.js';
import { openStream, scriptedFetch } from './scripted-fetch.js';

const READY_MS = 10_000;
const SILENCE_MS = 45_000;
/** A full long poll of the server. */
const POLL_MS = 25_000;
/** Longer than the first pause between two connections. */
const PAUSE_MS = 250;

async function start() {
  const server = await ScriptedServer.start();
  const client = new Loggin({ baseUrl: server.baseUrl });
  const { token, code } = client.createToken('8XKPQ2WN');
  return { server, client, token, code };
}

const READY = event('ready', { pending: 1 });

const ready = stream(READY);

/** A proxy that waits for the end of a stream before it passes anything on. */
const keptBack: Responder = () => {};

const events = (...told: object[]) => json(200, { events: told });

const acceptOf = async (server: ScriptedServer, index: number) =>
  (await server.request(index)).headers.accept;

describe('behind a proxy that keeps streams back', () => {
  it('a wait polls', async () => {
    stopClock();
    const { server, client, token, code } = await start();
    server.respond(keptBack, events({ event: 'verified', data: { code, session: SESSION } }));
    const wait = client.waitForVerify(token);
    const { ended } = await server.request(0);
    await vi.advanceTimersByTimeAsync(READY_MS);
    await ended;
    await expect(wait).resolves.toMatchObject({ phone: SESSION.phone });
    expect(server.received.map(({ headers, body }) => ({ accept: headers.accept, body }))).toEqual([
      { accept: 'text/event-stream', body: { tokens: [token], claim: true } },
      { accept: 'application/json', body: { tokens: [token], claim: true } },
    ]);
  });

  it('a wait that is told no begins no other', async () => {
    stopClock();
    const { server, client, token, code } = await start();
    server.respond(keptBack, events({ event: 'rejected', data: { code, error: 'denied', message: 'No.' } }));
    const wait = client.waitForVerify(token).catch((reason: unknown) => reason);
    await server.request(0);
    await vi.advanceTimersByTimeAsync(READY_MS);
    expect(await wait).toMatchObject({ code: 'denied', name: 'DeniedError' });
  });

  it('a poll that was waited for is followed by another', async () => {
    stopClock();
    const { server, client, token, code } = await start();
    const responders: (() => void)[] = [];
    const held: Responder = (...call) => void responders.push(() => events()(...call));
    server.respond(keptBack, held, events({ event: 'verified', data: { code, session: SESSION } }));
    const wait = client.waitForVerify(token);
    await server.request(0);
    await vi.advanceTimersByTimeAsync(READY_MS);
    const poll = await server.request(1);
    await vi.advanceTimersByTimeAsync(POLL_MS);
    responders[0]?.();
    await poll.ended;
    await passPauses(server, 2);
    expect(await acceptOf(server, 2)).toBe('application/json');
    await expect(wait).resolves.toMatchObject({ phone: SESSION.phone });
  });

  it('a poll that is empty at once gives way to a stream', async () => {
    stopClock();
    const { server, client, token, code } = await start();
    server.respond(keptBack, events(), stream(verified(code)));
    const wait = client.waitForVerify(token);
    await server.request(0);
    await vi.advanceTimersByTimeAsync(READY_MS);
    await server.request(1);
    await passPauses(server, 2);
    expect(await acceptOf(server, 2)).toBe('text/event-stream');
    await wait;
  });

  it('a wait is told of progress, and polls on with what it knows', async () => {
    stopClock();
    const { server, client, token, code } = await start();
    const progress = (status: string) => ({ event: 'progress', data: { code, status } });
    server.respond(
      keptBack,
      events(progress('message_received')),
      events(progress('awaiting_confirmation')),
      events({ event: 'verified', data: { code, session: SESSION } }),
    );
    const told: string[] = [];
    const wait = client.waitForVerify(token, { onProgress: (status) => told.push(status) });
    await server.request(0);
    await vi.advanceTimersByTimeAsync(READY_MS);
    await passPauses(server, 3);
    await expect(wait).resolves.toMatchObject({ phone: SESSION.phone });
    expect(told).toEqual(['message_received', 'awaiting_confirmation']);
    expect(server.received.slice(1).map(({ headers, body }) => [headers.accept, body.known])).toEqual([
      ['application/json', undefined],
      ['application/json', { [code]: 'message_received' }],
      ['application/json', { [code]: 'awaiting_confirmation' }],
    ]);
  });

  it('a poll that is told at once what it knows gives way to a stream', async () => {
    stopClock();
    const { server, client, token, code } = await start();
    const told = events({ event: 'progress', data: { code, status: 'message_received' } });
    server.respond(keptBack, told, told, stream(verified(code)));
    const wait = client.waitForVerify(token);
    await server.request(0);
    await vi.advanceTimersByTimeAsync(READY_MS);
    await passPauses(server, 3);
    expect(await acceptOf(server, 3)).toBe('text/event-stream');
    await wait;
  });

  it('a stream is tried again after some polls, and when the page comes back', async () => {
    stopClock();
    const page = openPage();
    const never = (signal: AbortSignal) =>
      new Promise<Response>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const { client, token, asked } = scripted(
      never,
      ...Array.from({ length: 4 }, () => heldPoll),
      never,
      heldPoll,
      openStream(READY),
    );
    void client.waitForVerify(token).catch(() => {});
    await vi.advanceTimersByTimeAsync(2 * READY_MS + 4.5 * (POLL_MS + PAUSE_MS));
    page.tell('pageshow');
    await vi.advanceTimersByTimeAsync(0);
    expect(asked.map(({ accept }) => (accept === 'application/json' ? 'poll' : 'stream'))).toEqual([
      'stream',
      'poll',
      'poll',
      'poll',
      'poll',
      'stream',
      'poll',
      'stream',
    ]);
    client.close();
  });

  it('a runtime that hands over no body before it is whole polls at once', async () => {
    const { server, token, code } = await start();
    server.respond(ready, events({ event: 'verified', data: { code, session: SESSION } }));
    const client = new Loggin({
      baseUrl: server.baseUrl,
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        return response.headers.get('Content-Type') === 'text/event-stream'
          ? Object.defineProperty(response, 'body', { value: undefined })
          : response;
      },
    });
    await expect(client.waitForVerify(token)).resolves.toMatchObject({ phone: SESSION.phone });
    expect(server.received.map(({ headers }) => headers.accept)).toEqual([
      'text/event-stream',
      'application/json',
    ]);
  });
});

describe('a runtime whose signals keep no reason', () => {
  /** As in React Native, and in browsers before 2022. */
  function forgetReasons(): void {
    const { prototype } = AbortSignal;
    const reason = Object.getOwnPropertyDescriptor(prototype, 'reason') as PropertyDescriptor;
    const { throwIfAborted } = prototype;
    Object.defineProperty(prototype, 'reason', { configurable: true, get: () => undefined });
    Reflect.deleteProperty(prototype, 'throwIfAborted');
    onTestFinished(() => {
      Object.defineProperty(prototype, 'reason', reason);
      prototype.throwIfAborted = throwIfAborted;
    });
  }

  it('polls where a stream is kept back', async () => {
    forgetReasons();
    stopClock();
    const { server, client, token, code } = await start();
    server.respond(keptBack, events({ event: 'verified', data: { code, session: SESSION } }));
    const wait = client.waitForVerify(token);
    await server.request(0);
    await vi.advanceTimersByTimeAsync(READY_MS);
    await expect(wait).resolves.toMatchObject({ phone: SESSION.phone });
    expect(await acceptOf(server, 1)).toBe('application/json');
  });

  it('ends with the deadline, the client and the signal', async () => {
    forgetReasons();
    stopClock();
    const { client, token } = scripted(openStream(READY));
    const ends: unknown[] = [];
    const keep = (reason: { code?: string; name: string }) => ends.push(reason.code ?? reason.name);
    const timed = client.waitForVerify(token, { timeoutMs: 1_000 }).catch(keep);
    await vi.advanceTimersByTimeAsync(1_000);
    await timed;
    const controller = new AbortController();
    const ended = client.waitForVerify(token, { signal: controller.signal }).catch(keep);
    controller.abort();
    await ended;
    await client.verifyToken(token, { signal: controller.signal }).catch(keep);
    const closed = client.waitForVerify(token).catch(keep);
    client.close();
    await closed;
    expect(ends).toEqual(['timeout', 'AbortError', 'AbortError', 'closed']);
  });
});

it('a stream that is cut right after ready is opened again with pauses', async () => {
  stopClock();
  const cut = () => new Response(READY, { headers: { 'Content-Type': 'text/event-stream' } });
  const { client, asked, token } = scripted(cut);
  void client.waitForVerify(token).catch(() => {});
  await vi.advanceTimersByTimeAsync(60_000);
  // Pauses of up to 1.5 s, with a mean of half of it.
  expect(asked.length).toBeGreaterThan(40);
  expect(asked.length).toBeLessThan(150);
});

describe('what is told of the connection', () => {
  function watch(...responders: Parameters<typeof scriptedFetch>) {
    const { fetch } = scriptedFetch(...responders);
    const server = serverOf({ fetch });
    const { token, code } = createLogin(server, '8XKPQ2WN');
    const controller = new AbortController();
    const told: unknown[] = [];
    const onConnection = (connection: string, problem?: { code: string; status?: number | undefined }) =>
      told.push(problem ? [connection, problem.code, problem.status] : connection);
    const { signal } = controller;
    const wait = awaitLogin(server, { token, code, claim: false, signal, onConnection });
    wait.catch(() => {});
    onTestFinished(() => controller.abort());
    return { told, controller };
  }

  const unreachable = () => {
    throw new TypeError('Failed to fetch');
  };
  const LOST_MS = 8_000;

  it.each([
    ['not reached', unreachable, ['lost', 'connection', undefined]],
    [
      'refused by a proxy',
      () => new Response('<h1>Bad gateway</h1>', { status: 502 }),
      ['lost', 'invalid_response', 502],
    ],
  ])('is that the server is lost, where it is %s', async (_, responder, lost) => {
    stopClock();
    const { told } = watch(responder);
    await vi.advanceTimersByTimeAsync(LOST_MS - 1);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(told).toEqual([lost]);
    await vi.advanceTimersByTimeAsync(2 * LOST_MS);
    expect(told).toEqual([lost]);
  });

  it('is nothing else where it opens at once', async () => {
    stopClock();
    const { told } = watch(openStream(READY));
    await vi.advanceTimersByTimeAsync(LOST_MS);
    expect(told).toEqual(['open']);
  });

  it('is every change', async () => {
    stopClock();
    const cut = () => new Response(READY, { headers: { 'Content-Type': 'text/event-stream' } });
    const { told } = watch(
      unreachable,
      cut,
      ...Array.from({ length: 20 }, () => unreachable),
      openStream(READY),
    );
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toEqual(['open', 'connecting', ['lost', 'connection', undefined], 'open']);
  });

  it('is nothing after the end', async () => {
    stopClock();
    const { told, controller } = watch(unreachable);
    await vi.advanceTimersByTimeAsync(LOST_MS / 2);
    controller.abort();
    await vi.advanceTimersByTimeAsync(LOST_MS);
    expect(told).toEqual([]);
  });
});

describe('a stream', () => {
  it('that falls silent is given up for another', async () => {
    stopClock();
    const { client, token, asked } = scripted(openStream(READY));
    void client.waitForVerify(token, { timeoutMs: 600_000 }).catch(() => {});
    await vi.advanceTimersByTimeAsync(SILENCE_MS - 1);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1 + PAUSE_MS);
    expect(asked.map(({ accept, signal }) => [accept, signal.aborted])).toEqual([
      ['text/event-stream', true],
      ['text/event-stream', false],
    ]);
    client.close();
  });
});

describe('a page that comes back', () => {
  const hiddenFor = (page: Page, milliseconds: number) => async () => {
    page.turn('hidden');
    await vi.advanceTimersByTimeAsync(milliseconds);
    page.turn('visible');
  };

  it.each([
    ['having been hidden for long', (page: Page) => hiddenFor(page, 5_001)],
    ['with its network', (page: Page) => () => page.tell('online')],
    ['from where it was kept', (page: Page) => () => page.tell('pageshow')],
  ])('%s connects at once', async (_, comeBack) => {
    stopClock();
    const page = openPage();
    const { server, client, token, code } = await start();
    server.respond(ready, stream(verified(code)));
    const wait = client.waitForVerify(token);
    const { ended } = await server.request(0);
    await vi.advanceTimersByTimeAsync(1_000);
    await comeBack(page)();
    await ended;
    // No clock moves: it neither waits for the network nor makes a pause.
    await expect(wait).resolves.toMatchObject({ phone: SESSION.phone });
    expect(server.received).toHaveLength(2);
  });

  it('was away for a moment only: the stream goes on, unless it has fallen silent', async () => {
    stopClock();
    const page = openPage();
    const { client, token, asked } = scripted(openStream(READY));
    void client.waitForVerify(token).catch(() => {});
    for (let count = 0; count < 5; count++) {
      await vi.advanceTimersByTimeAsync(1_000);
      await hiddenFor(page, 1_000)();
    }
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(20_000);
    await hiddenFor(page, 1_000)();
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toHaveLength(2);
    client.close();
  });

  it('is told so several times, and connects once', async () => {
    stopClock();
    const page = openPage();
    const { server, client, token } = await start();
    server.respond(ready);
    const controller = new AbortController();
    const wait = client.waitForVerify(token, { signal: controller.signal });
    await server.request(0);
    await vi.advanceTimersByTimeAsync(1_000);
    page.turn('visible');
    page.tell('pageshow');
    page.tell('online');
    await server.request(1);
    page.tell('pageshow');
    controller.abort('enough');
    await expect(wait).rejects.toBe('enough');
    expect(server.received).toHaveLength(2);
  });

  it('does not connect while it is hidden', async () => {
    stopClock();
    const page = openPage();
    const { client, token, asked } = scripted(openStream(READY));
    void client.waitForVerify(token).catch(() => {});
    await vi.advanceTimersByTimeAsync(1_000);
    page.turn('hidden');
    page.tell('online');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked).toHaveLength(1);
    page.turn('visible');
    await vi.advanceTimersByTimeAsync(0);
    expect(asked).toHaveLength(2);
    client.close();
  });

  it('cuts a pause of its own short, and not one that the server asked for', async () => {
    stopClock();
    const page = openPage();
    const busy = () =>
      Response.json(
        { error: 'unavailable', message: 'Starting.' },
        { status: 503, headers: { 'Retry-After': '30' } },
      );
    const { client, token, asked } = scripted(busy, openStream(READY));
    void client.waitForVerify(token).catch(() => {});
    await vi.advanceTimersByTimeAsync(20_000);
    page.turn('visible');
    await vi.advanceTimersByTimeAsync(9_999);
    expect(asked).toHaveLength(1);
    // Without the page's return there would be up to a fifth on top.
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(2);
    client.close();
  });

  it('leaves nothing behind when the wait is over', async () => {
    const page = openPage();
    const { server, client, token, code } = await start();
    const added = vi.spyOn(window, 'addEventListener');
    const removed = vi.spyOn(window, 'removeEventListener');
    server.respond(stream(verified(code)));
    await client.waitForVerify(token);
    expect(removed.mock.calls).toEqual(added.mock.calls);
    expect(added).toHaveBeenCalledTimes(3);
    page.turn('visible');
  });
});

describe('a computer that was asleep', () => {
  const LOOK_MS = 2_000;

  it.each([
    ['without a page', () => {}],
    ['with a page that is seen', () => void openPage()],
  ])('%s connects at once', async (_, open) => {
    stopClock();
    open();
    const { client, token, asked } = scripted(openStream(READY));
    void client.waitForVerify(token).catch(() => {});
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toHaveLength(1);
    sleep(60_000);
    await vi.advanceTimersByTimeAsync(LOOK_MS);
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    client.close();
  });

  it('with a page that is hidden connects when it is seen', async () => {
    stopClock();
    const page = openPage();
    const { client, token, asked } = scripted(openStream(READY));
    void client.waitForVerify(token).catch(() => {});
    await vi.advanceTimersByTimeAsync(1_000);
    page.turn('hidden');
    sleep(60_000);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(asked).toHaveLength(1);
    sleep(60_000);
    page.turn('visible');
    // One way of telling is enough.
    await vi.advanceTimersByTimeAsync(5_000);
    expect(asked).toHaveLength(2);
    client.close();
  });

  it('has waits end whose time is up', async () => {
    stopClock();
    const { client, token, asked } = scripted(openStream(READY));
    const wait = client.waitForVerify(token, { timeoutMs: 60_000 }).catch((reason) => reason);
    await vi.advanceTimersByTimeAsync(10_000);
    sleep(50_000);
    await vi.advanceTimersByTimeAsync(LOOK_MS);
    expect(await wait).toMatchObject({ code: 'timeout' });
    expect(asked).toHaveLength(1);
  });
});

it('resuming has the waits of this client connect at once, and no other', async () => {
  stopClock();
  const clients = [scripted(openStream(READY)), scripted(openStream(READY))];
  const [one, other] = clients;
  for (const { client, token } of clients) {
    void client.waitForVerify(token).catch(() => {});
  }
  await vi.advanceTimersByTimeAsync(0);
  one?.client.resume();
  await vi.advanceTimersByTimeAsync(0);
  expect([one?.asked.length, other?.asked.length]).toEqual([2, 1]);
  for (const { client } of clients) {
    client.close();
    client.resume();
  }
});

/** A client whose calls have their response within the test's own turns. */
function scripted(...responders: Parameters<typeof scriptedFetch>) {
  const { fetch, asked } = scriptedFetch(...responders);
  const client = new Loggin({ fetch });
  return { client, asked, token: client.createToken('8XKPQ2WN').token };
}

/** An empty response to a poll that was waited for. */
const heldPoll = (signal: AbortSignal) =>
  new Promise<Response>((resolve, reject) => {
    setTimeout(() => resolve(Response.json({ events: [] })), POLL_MS);
    signal.addEventListener('abort', () => reject(signal.reason));
  });

/** Moves the clock until the request with this number has come. */
async function passPauses(server: ScriptedServer, index: number): Promise<void> {
  let isThere = false;
  const request = server.request(index).then(() => {
    isThere = true;
  });
  while (!isThere) {
    await vi.advanceTimersByTimeAsync(PAUSE_MS);
    await new Promise(setImmediate);
  }
  await request;
}
