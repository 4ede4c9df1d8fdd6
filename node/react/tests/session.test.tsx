// @vitest-environment happy-dom

/** Who is signed in, in the page: one question for all, the latest response, other tabs, and what cannot be asked. */

import { type CurrentSession, SessionProvider, SignedIn, SignedOut, useSession } from '@loggin/react';
import { act, cleanup, render, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const PERSON = { phone: '919876543210', jti: 'a', claims: {} };

/** Each test has a route of its own, as a page keeps what it knows. */
let url: string;
let tests = 0;

/** Questions that wait for their responses. */
interface Question {
  readonly method: string;
  readonly respond: (body: unknown, status?: number) => Promise<void>;
  readonly fail: () => Promise<void>;
}

let questions: Question[];
let current: CurrentSession<{ readonly phone: string }>;

beforeEach(() => {
  tests += 1;
  url = `/api/session/${tests}`;
  questions = [];
  vi.stubGlobal('fetch', (_url: string, { method }: { method: string }) => {
    return new Promise<Response>((resolve, reject) => {
      questions.push({
        method,
        respond: (body, status = 200) => act(async () => resolve(Response.json(body, { status }))),
        fail: () => act(async () => reject(new TypeError('no network'))),
      });
    });
  });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function Name(): ReactNode {
  current = useSession();
  return <b>{`${current.status} ${current.session?.phone ?? 'nobody'}`}</b>;
}

const page = (session?: object | null): ReactNode => (
  <SessionProvider url={url} session={session}>
    <Name />
    <SignedIn>
      <i>in</i>
    </SignedIn>
    <SignedOut>
      <i>out</i>
    </SignedOut>
  </SessionProvider>
);

const shown = (): (string | null)[] => [
  document.querySelector('b')?.textContent ?? null,
  document.querySelector('i')?.textContent ?? null,
];

const question = (index: number): Question => questions[index] ?? expect.fail('nothing was asked');

it('asks once for all components, and tells each', async () => {
  render(page());
  expect(shown()).toEqual(['loading nobody', null]);
  await question(0).respond({ session: PERSON });
  expect(shown()).toEqual([`signed_in ${PERSON.phone}`, 'in']);
  expect(questions).toHaveLength(1);
});

it('knows what the server knew, before anything is asked', () => {
  expect(renderToString(page(PERSON))).toContain(`signed_in ${PERSON.phone}`);
  expect(renderToString(page(null))).toContain('<i>out</i>');
  expect(renderToString(page())).toContain('loading nobody');
  render(page(PERSON));
  expect(shown()).toEqual([`signed_in ${PERSON.phone}`, 'in']);
  expect(questions).toHaveLength(0);
});

it('shares nothing between pages that a server renders', () => {
  vi.stubGlobal('document', undefined);
  expect(renderToString(page(PERSON))).toContain(PERSON.phone);
  expect(renderToString(page())).not.toContain(PERSON.phone);
});

it('signs out where the server says so, and not before', async () => {
  render(page(PERSON));
  const refused = expect(current.signOut()).rejects.toThrow(Error);
  await question(0).respond({ error: 'denied' }, 403);
  await refused;
  expect(shown()).toEqual([`signed_in ${PERSON.phone}`, 'in']);
  const signedOut = current.signOut();
  expect(question(1).method).toBe('DELETE');
  await question(1).respond({ session: null });
  await signedOut;
  expect(shown()).toEqual(['signed_out nobody', 'out']);
});

it('believes the response to its latest question alone', async () => {
  render(page());
  const refreshed = current.refresh();
  await question(1).respond({ session: PERSON });
  await question(0).respond({ session: null });
  await refreshed;
  expect(shown()).toEqual([`signed_in ${PERSON.phone}`, 'in']);
});

it.each<[string, (first: Question) => Promise<void>]>([
  ['a network that is away', (first) => first.fail()],
  ['a server that fails', (first) => first.respond({ session: PERSON }, 500)],
  ['a response without a session', (first) => first.respond({ phone: '1' })],
  ['a session that is none', (first) => first.respond({ session: 'x' })],
])('tells an error for %s, until it is known better', async (_, respond) => {
  render(page());
  await respond(question(0));
  expect(shown()).toEqual(['error nobody', null]);
  const refreshed = current.refresh();
  await question(1).respond({ session: null });
  await refreshed;
  expect(shown()).toEqual(['signed_out nobody', 'out']);
  const failed = expect(current.refresh()).rejects.toThrow(TypeError);
  await question(2).fail();
  await failed;
  expect(shown()).toEqual(['signed_out nobody', 'out']);
});

it('asks again when the page is looked at after half a minute, and not before', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  render(page());
  await question(0).respond({ session: PERSON });
  vi.advanceTimersByTime(30_000);
  dispatchEvent(new Event('focus'));
  expect(questions).toHaveLength(1);
  vi.advanceTimersByTime(1);
  document.dispatchEvent(new Event('visibilitychange'));
  expect(questions).toHaveLength(2);
  await question(1).respond({ session: null });
  expect(shown()).toEqual(['signed_out nobody', 'out']);
  cleanup();
  vi.advanceTimersByTime(60_000);
  dispatchEvent(new Event('focus'));
  expect(questions).toHaveLength(2);
});

it('tells other tabs of a change, and asks where another tells', async () => {
  const other = new BroadcastChannel(`loggin-session ${url}`);
  const told = new Promise<void>((resolve) => {
    other.onmessage = () => resolve();
  });
  render(page(PERSON));
  const signedOut = current.signOut();
  await question(0).respond({ session: null });
  await signedOut;
  await told;
  other.postMessage(null);
  await vi.waitFor(() => expect(questions).toHaveLength(2));
  await question(1).respond({ session: PERSON });
  expect(screen.getByText('in')).toBeTruthy();
  other.close();
});
