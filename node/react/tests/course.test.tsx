// @vitest-environment happy-dom

/** What leads elsewhere is no failure, and what outlives the page: every status that was ever shown is recorded. */

import { LogginProvider, useLoggin } from '@loggin/react';
import { serverOf } from '@loggin/web/create';
import { act, cleanup, render } from '@testing-library/react';
import { Component, type ReactNode } from 'react';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { event, SESSION } from '../../sdk/tests/scripted-server.js';
import { openStream, scriptedFetch } from '../../web/tests/scripted-fetch.js';
import { Attempt, type AttemptOptions } from '../dist/esm/attempt.js';
import type { LogginHandlers, LogginState } from '../dist/esm/login-state.js';

const APP_KEY = '8XKPQ2WN';
const READY = event('ready', { pending: 1 });

beforeEach(() => sessionStorage.clear());
afterEach(cleanup);

/** A server that says this of every login. */
function serverTelling(...told: [string, object][]) {
  const asked: string[][] = [];
  const fetch: typeof globalThis.fetch = async (url, init) => {
    const { tokens } = JSON.parse(String(init?.body)) as { tokens: string[] };
    asked.push(tokens);
    const events = told.map(([name, data]) => event(name, { token_index: 0, ...data }));
    return scriptedFetch(openStream(READY, ...events)).fetch(url, init);
  };
  return { server: serverOf({ baseUrl: 'https://login.example', fetch }), asked };
}

const VERIFIED: [string, object] = ['verified', { session: SESSION }];

/** A page with one attempt: what it shows is recorded, and it can be left. */
function page(
  options: Partial<AttemptOptions> & Pick<AttemptOptions, 'server'>,
  handlers: LogginHandlers = {},
) {
  const attempt = new Attempt();
  const seen: LogginState['status'][] = [];
  attempt.handlers = handlers;
  attempt.subscribe(() => {
    const { status } = attempt.getState();
    if (seen.at(-1) !== status) {
      seen.push(status);
    }
  });
  const leave = attempt.mount({ appKey: APP_KEY, text: undefined, ...options });
  onTestFinished(leave);
  const reach = (status: LogginState['status']) =>
    vi.waitFor(() => expect(attempt.getState().status).toBe(status), { interval: 1 });
  return { attempt, seen, leave, reach };
}

const digest = (value: string): Error => Object.assign(new Error('led away'), { digest: value });

/** What a framework has around each page. */
class Boundary extends Component<{ children: ReactNode }, { caught?: string }> {
  override state: { caught?: string } = {};
  static getDerivedStateFromError(error: { digest: string }) {
    return { caught: error.digest };
  }
  override render(): ReactNode {
    return this.state.caught ?? this.props.children;
  }
}

let start = (): void => {};

function Page({ value }: { value: string }): ReactNode {
  const login = useLoggin({ appKey: APP_KEY, onSuccess: () => Promise.reject(digest(value)) });
  start = login.start;
  return login.status;
}

describe('an app that leads elsewhere', () => {
  it.each(['NEXT_REDIRECT;push;/dashboard;307;', 'NEXT_NOT_FOUND', 'NEXT_HTTP_ERROR_FALLBACK;404'])(
    'by %s has succeeded: no error is ever shown or told',
    async (value) => {
      const told: unknown[] = [];
      const { attempt, seen, reach } = page(serverTelling(VERIFIED), {
        onSuccess: () => Promise.reject(digest(value)),
        onError: (error) => told.push(error),
      });
      attempt.start();
      await reach('verified');
      expect(seen).toEqual(['idle', 'pending', 'message_received', 'verified']);
      expect(told).toEqual([]);
    },
  );

  it('to a page for what is not there: React is handed it on, and of a redirect nothing', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    vi.stubGlobal('fetch', serverTelling(VERIFIED).server.fetch);
    onTestFinished(() => void vi.unstubAllGlobals());
    for (const [value, shown] of [
      ['NEXT_HTTP_ERROR_FALLBACK;404', 'NEXT_HTTP_ERROR_FALLBACK;404'],
      ['NEXT_REDIRECT;push;/;307;', 'verified'],
    ] as const) {
      const { container } = render(
        <Boundary key={value}>
          <LogginProvider baseUrl="https://login.example">
            <Page value={value} />
          </LogginProvider>
        </Boundary>,
      );
      act(start);
      await vi.waitFor(() => expect(container.textContent).toBe(shown), { interval: 1 });
    }
  });

  it('with an error of its own has failed', async () => {
    const { attempt, reach } = page(serverTelling(VERIFIED), {
      onSuccess: () => Promise.reject(digest('1234567890')),
    });
    attempt.start();
    await reach('error');
  });
});

describe('an attempt on a page that is left', () => {
  it.each(['pending', 'message_received', 'awaiting_confirmation'] as const)(
    'at %s goes on by itself on the next page, with its token, its time and the opened link',
    async (status) => {
      const told: [string, object][] = status === 'pending' ? [] : [['progress', { status }]];
      const { server, asked } = serverTelling(...told);
      const first = page({ server });
      first.attempt.open();
      await first.reach(status);
      await vi.waitFor(() => expect(asked).toHaveLength(1), { interval: 1 });
      const before = first.attempt.getState();
      first.leave();
      const { attempt, reach } = page({ server });
      expect(attempt.getState().isResumed).toBe(true);
      await reach(status);
      await vi.waitFor(() => expect(asked).toHaveLength(2), { interval: 1 });
      expect(attempt.getState()).toMatchObject({
        link: before.link,
        expiresAt: before.expiresAt,
        isOpened: true,
      });
      expect(asked[1]).toEqual(asked[0]);
      expect(JSON.stringify(attempt.getState())).not.toContain('lgn1_');
    },
  );

  it.each([
    ['success', [VERIFIED], 'verified'],
    ['a refusal', [['rejected', { error: 'denied', message: 'No.' }]], 'denied'],
    ['expiry', [['rejected', { error: 'expired', message: 'Late.' }]], 'expired'],
    ['an error', [['rejected', { error: 'phone_hidden', message: 'No.' }]], 'error'],
  ] as [string, [string, object][], LogginState['status']][])(
    'is forgotten at its end, by %s',
    async (_, told, status) => {
      const { server } = serverTelling(...told);
      const { attempt, reach } = page({ server });
      attempt.start();
      expect(sessionStorage).toHaveLength(1);
      await reach(status);
      expect(sessionStorage).toHaveLength(0);
    },
  );

  it('is forgotten when it is cancelled, and goes on for no other app or server', () => {
    const { server } = serverTelling();
    const { attempt, leave } = page({ server });
    attempt.start();
    leave();
    for (const other of [
      { server, appKey: '7Z4M0ABC' },
      { server: serverOf({ baseUrl: 'https://other.example' }) },
    ]) {
      expect(page(other).attempt.getState().status).toBe('idle');
    }
    const next = page({ server });
    expect(next.attempt.getState().status).toBe('pending');
    next.attempt.cancel();
    next.leave();
    expect(page({ server }).attempt.getState().status).toBe('idle');
  });

  it('goes on in one of several buttons', () => {
    const { server } = serverTelling();
    const first = page({ server });
    first.attempt.start();
    first.leave();
    const states = [page({ server }), page({ server })].map(({ attempt }) => attempt.getState().status);
    expect(states).toEqual(['pending', 'idle']);
  });

  it.each([
    ['nothing', undefined],
    ['no JSON', '{'],
    ['another token', JSON.stringify({ token: 'rubbish', expiresAt: 1, isOpened: true })],
    [
      'a time that is over',
      JSON.stringify({ token: `lgn1_${'0'.repeat(8)}_${'0'.repeat(32)}`, expiresAt: 1 }),
    ],
  ])('begins anew where %s was kept', (_, value) => {
    const { server } = serverTelling();
    if (value) {
      sessionStorage.setItem(`loggin ${APP_KEY} ${server.baseUrl}`, value);
    }
    expect(page({ server }).attempt.getState()).toMatchObject({ status: 'idle', isResumed: false });
  });

  it('is not kept where the browser stores nothing, and signs in all the same', async () => {
    const refuse = () => {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    };
    vi.stubGlobal('sessionStorage', { getItem: refuse, setItem: refuse, removeItem: refuse });
    onTestFinished(() => void vi.unstubAllGlobals());
    const { attempt, reach } = page(serverTelling(VERIFIED));
    attempt.open();
    await reach('verified');
  });
});

describe('a text of the app', () => {
  const told = async (server: AttemptOptions['server'], text: string | undefined): Promise<number> => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    onTestFinished(() => warn.mockRestore());
    const { attempt, reach } = page({ server, text });
    act(() => attempt.start());
    await reach('verified');
    // What is loaded for developers has been by then.
    await import('../dist/esm/diagnosis.js');
    return warn.mock.calls.length;
  };

  it('is told to have no effect where the server writes the message', async () => {
    expect(await told(serverTelling(VERIFIED).server, 'Hola {code}')).toBe(1);
  });

  it('is not, where there is a number or no text', async () => {
    const { server } = serverTelling(VERIFIED);
    expect(await told({ ...server, whatsappNumber: '15550100000' }, 'Hola {code}')).toBe(0);
    expect(await told(server, undefined)).toBe(0);
  });
});

it('a page that is hidden while the app signs in is told once, and shows what came of it', async () => {
  const { server } = serverTelling(VERIFIED);
  let take = (): void => {};
  const taken = new Promise<void>((resolve) => {
    take = resolve;
  });
  const onSuccess = vi.fn(() => taken);
  const { attempt, leave, reach } = page({ server }, { onSuccess });
  attempt.start();
  await vi.waitFor(() => expect(onSuccess).toHaveBeenCalled(), { interval: 1 });
  // As React does with what an `<Activity>` hides, and shows again.
  leave();
  await Promise.resolve();
  onTestFinished(attempt.hold());
  take();
  await reach('verified');
  expect(onSuccess).toHaveBeenCalledTimes(1);
});
