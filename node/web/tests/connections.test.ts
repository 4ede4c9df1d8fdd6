/** One connection after the other: streams that are kept back or fall silent, long polls, pages that come back. */

import { Loggin } from '@loggin/web';
import { describe, expect, it, vi } from 'vitest';
import {
  type Answer,
  event,
  json,
  ScriptedServer,
  SESSION,
  stream,
  verified,
} from '../../sdk/tests/scripted-server.js';
import { openPage, stopClock } from './page.js';
import { openStream, scriptedFetch } from './scripted-fetch.js';

const READY_MS = 5_000;
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
const keptBack: Answer = () => {};

const events = (...told: object[]) => json(200, { events: told });

const acceptOf = async (server: ScriptedServer, index: number) =>
  (await server.request(index)).headers.accept;

describe('behind a proxy that keeps streams back', () => {
  it('a wait polls', async () => {
    stopClock();
    const { server, client, token, code } = await start();
    server.answer(keptBack, events({ event: 'verified', data: { code, session: SESSION } }));
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
    server.answer(keptBack, events({ event: 'rejected', data: { code, error: 'denied', message: 'No.' } }));
    const wait = client.waitForVerify(token).catch((reason: unknown) => reason);
    await server.request(0);
    await vi.advanceTimersByTimeAsync(READY_MS);
    expect(await wait).toMatchObject({ code: 'denied', name: 'DeniedError' });
  });

  it('a poll that was waited for is followed by another', async () => {
    stopClock();
    const { server, client, token, code } = await start();
    const answers: (() => void)[] = [];
    const held: Answer = (...call) => void answers.push(() => events()(...call));
    server.answer(keptBack, held, events({ event: 'verified', data: { code, session: SESSION } }));
    const wait = client.waitForVerify(token);
    await server.request(0);
    await vi.advanceTimersByTimeAsync(READY_MS);
    const poll = await server.request(1);
    await vi.advanceTimersByTimeAsync(POLL_MS);
    answers[0]?.();
    await poll.ended;
    await passPauses(server, 2);
    expect(await acceptOf(server, 2)).toBe('application/json');
    await expect(wait).resolves.toMatchObject({ phone: SESSION.phone });
  });

  it('a poll that is empty at once gives way to a stream', async () => {
    stopClock();
    const { server, client, token, code } = await start();
    server.answer(keptBack, events(), stream(verified(code)));
    const wait = client.waitForVerify(token);
    await server.request(0);
    await vi.advanceTimersByTimeAsync(READY_MS);
    await server.request(1);
    await passPauses(server, 2);
    expect(await acceptOf(server, 2)).toBe('text/event-stream');
    await wait;
  });

  it('a runtime that hands over no body before it is whole polls at once', async () => {
    const { server, token, code } = await start();
    server.answer(ready, events({ event: 'verified', data: { code, session: SESSION } }));
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
  it.each(['visibilitychange', 'pageshow', 'online'] as const)('by %s connects at once', async (name) => {
    stopClock();
    const page = openPage();
    const { server, client, token, code } = await start();
    server.answer(ready, stream(verified(code)));
    const wait = client.waitForVerify(token);
    const { ended } = await server.request(0);
    await vi.advanceTimersByTimeAsync(1_000);
    page.tell(name);
    await ended;
    // No clock moves: it neither waits for the network nor makes a pause.
    await expect(wait).resolves.toMatchObject({ phone: SESSION.phone });
    expect(server.received).toHaveLength(2);
  });

  it('is told so several times, and connects once', async () => {
    stopClock();
    const page = openPage();
    const { server, client, token } = await start();
    server.answer(ready);
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
    server.answer(stream(verified(code)));
    await client.waitForVerify(token);
    expect(removed.mock.calls).toEqual(added.mock.calls);
    expect(added).toHaveBeenCalledTimes(3);
    page.turn('visible');
  });
});

/** A client whose calls are answered within the test's own turns. */
function scripted(...answers: Parameters<typeof scriptedFetch>) {
  const { fetch, asked } = scriptedFetch(...answers);
  const client = new Loggin({ fetch });
  return { client, asked, token: client.createToken('8XKPQ2WN').token };
}

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
