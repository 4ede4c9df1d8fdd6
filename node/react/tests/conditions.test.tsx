// @vitest-environment happy-dom

/** What a page is on and what it reaches: phones and computers, servers that are away, and servers that nobody named. */

import {
  LogginButton,
  LogginConnectionText,
  LogginProvider,
  LogginRoot,
  useLogginLogin,
} from '@loggin/react';
import { act, cleanup, render } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { event } from '../../sdk/tests/scripted-server.js';
import { openStream } from '../../web/tests/scripted-fetch.js';
import { deviceOf } from '../dist/esm/device.js';
import { diagnose } from '../dist/esm/diagnosis.js';

beforeEach(() => {
  sessionStorage.clear();
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const ANDROID =
  'Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36';
const FIREFOX_ANDROID = 'Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile/15E148';
const MAC =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.6 Safari/605.1.15';
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36';
const UNKNOWN = 'Mozilla/5.0';

const FINGER = { hover: 'none', pointer: 'coarse' };
const SAMSUNG = { hover: 'hover', pointer: 'coarse' };
const MOUSE = { hover: 'hover', pointer: 'fine' };

interface Device {
  userAgent: string;
  media: Record<string, string>;
  maxTouchPoints?: number;
  short?: number;
  mobile?: boolean;
}

/** Has the page be on a device that says this of itself. */
function beOn({ userAgent, media, maxTouchPoints = 0, short = 900, mobile }: Device): void {
  vi.stubGlobal('navigator', {
    userAgent,
    maxTouchPoints,
    userAgentData: mobile === undefined ? undefined : { mobile },
  });
  vi.stubGlobal('screen', { width: short, height: 2 * short });
  const matches = (query: string) =>
    query.split(' and ').every((part) => {
      const [, name = '', value] = /\((\S+): (\S+)\)/.exec(part) ?? [];
      return media[name] === value;
    });
  vi.stubGlobal('matchMedia', (query: string) => ({ matches: matches(query) }));
}

describe('a device', () => {
  it.each([
    ['Chrome on a Samsung phone', 'phone', { userAgent: ANDROID, media: SAMSUNG, mobile: true }],
    [
      'an app that hides its name on a Samsung phone',
      'phone',
      { userAgent: UNKNOWN, media: SAMSUNG, mobile: true },
    ],
    ['Firefox on Android', 'phone', { userAgent: FIREFOX_ANDROID, media: MOUSE }],
    ['an iPhone', 'phone', { userAgent: IPHONE, media: FINGER }],
    ['an iPad, which says that it is a Mac', 'phone', { userAgent: MAC, media: MOUSE, maxTouchPoints: 5 }],
    [
      'something small with fingers',
      'phone',
      { userAgent: UNKNOWN, media: MOUSE, maxTouchPoints: 5, short: 412 },
    ],
    ['something with a finger alone', 'phone', { userAgent: UNKNOWN, media: FINGER }],
    ['a finger that hovers', 'unsure', { userAgent: UNKNOWN, media: SAMSUNG }],
    [
      'a laptop with a touch screen',
      'computer',
      { userAgent: WINDOWS, media: MOUSE, maxTouchPoints: 10, mobile: false },
    ],
    ['a Mac', 'computer', { userAgent: MAC, media: MOUSE }],
  ] as [string, string, Device][])('%s is: %s', (_, expected, device) => {
    beOn(device);
    expect(deviceOf()).toBe(expected);
  });

  it.each([
    ['a phone', { userAgent: ANDROID, media: SAMSUNG }, true, ['main', 'details']],
    ['nobody knows what', { userAgent: UNKNOWN, media: SAMSUNG }, true, ['main', 'picture']],
    ['a computer', { userAgent: WINDOWS, media: MOUSE }, false, ['picture', 'second']],
  ] as [string, Device, boolean, string[]][])(
    'that is %s opens WhatsApp at a tap: %s',
    async (_, device, opens, parts) => {
      beOn(device);
      vi.stubGlobal('fetch', () => new Promise(() => {}));
      const { container } = render(
        <LogginProvider baseUrl="https://login.example">
          <LogginButton appKey="8XKPQ2WN" />
        </LogginProvider>,
      );
      const tap = new MouseEvent('click', { bubbles: true, cancelable: true });
      await act(async () => {
        await import('../dist/esm/panel.js');
        container.querySelector('a')?.dispatchEvent(tap);
      });
      expect(!tap.defaultPrevented).toBe(opens);
      const order = [...document.querySelectorAll('dialog .loggin-stack > *')].flatMap((element) =>
        element.matches('details')
          ? ['details']
          : element.matches('.loggin-picture')
            ? ['picture']
            : element.matches('a.loggin-main')
              ? ['main']
              : element.matches('a.loggin-second')
                ? ['second']
                : [],
      );
      expect(order).toEqual(parts);
    },
  );
});

let start = (): void => {};

function Watch(): ReactNode {
  const login = useLogginLogin();
  start = login.start;
  return <b>{login.connection}</b>;
}

describe('a server that is away', () => {
  it('is told in words after 8 s, to the app and to the developer, until it is back', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let isAway = true;
    vi.stubGlobal('fetch', async (_: string, init: RequestInit) => {
      if (isAway) {
        throw new TypeError('Failed to fetch');
      }
      return openStream(event('ready', { pending: 1 }))(init.signal as AbortSignal);
    });
    const problems: unknown[] = [];
    const { container } = render(
      <LogginProvider baseUrl="https://login.example">
        <LogginRoot
          appKey="8XKPQ2WN"
          onConnectionProblem={(error) => problems.push((error as { code?: string }).code)}
        >
          <Watch />
          <LogginConnectionText />
        </LogginRoot>
      </LogginProvider>,
    );
    const shown = () => [
      container.querySelector('b')?.textContent,
      container.querySelector('p')?.textContent,
    ];
    // The part that waits is loaded first.
    await vi.dynamicImportSettled();
    act(() => start());
    await act(() => vi.advanceTimersByTimeAsync(7_900));
    expect(shown()).toEqual(['connecting', '']);
    await act(() => vi.advanceTimersByTimeAsync(200));
    expect(shown()).toEqual(['lost', 'No connection. Trying again…']);
    expect(problems).toEqual(['connection']);
    isAway = false;
    await act(() => vi.advanceTimersByTimeAsync(2_000));
    expect(shown()).toEqual(['open', '']);
    expect(problems).toEqual(['connection']);
  });

  it.each([
    [
      'refused',
      'https://login.example/',
      undefined,
      'https://shop.example/',
      '--allowed-origin https://shop.example',
    ],
    [
      'not allowed by the page',
      'https://login.example/',
      undefined,
      'https://shop.example/',
      'connect-src https://login.example',
    ],
    [
      'on the machine of the visitor',
      'http://127.0.0.1:8787/',
      undefined,
      'https://shop.example/',
      'baseUrl=',
    ],
    ['not encrypted', 'http://login.example/', undefined, 'https://shop.example/', 'certificate'],
    ['another program', 'https://login.example/', 502, 'https://shop.example/', '502'],
  ])('because it is %s is explained to developers', (_, baseUrl, status, page, words) => {
    vi.stubGlobal('location', new URL(page));
    const error = Object.assign(new Error('No.'), { code: 'connection', ...(status && { status }) });
    diagnose(error, baseUrl);
    expect(vi.mocked(console.error).mock.calls.flat().join()).toContain(words);
  });

  it('is none of what people do: nothing is said of a login that expired', () => {
    diagnose(Object.assign(new Error('Late.'), { code: 'expired' }), undefined);
    expect(console.error).not.toHaveBeenCalled();
  });
});

describe('a server that nobody named', () => {
  const linkOf = (baseUrl?: string) => {
    const { container } = render(
      <LogginProvider baseUrl={baseUrl}>
        <LogginButton appKey="8XKPQ2WN" />
      </LogginProvider>,
    );
    return container.querySelector('a')?.getAttribute('href') ?? null;
  };

  it.each([undefined, '', ' '])(
    'is the local one on this machine, also where the variable is empty: %j',
    (baseUrl) => {
      expect(linkOf(baseUrl)).toContain('http://127.0.0.1:8787/l/');
    },
  );

  it('is an error elsewhere: visitors have no server on their machines', async () => {
    vi.stubGlobal('location', new URL('https://shop.example/login'));
    expect(linkOf()).toBeNull();
    expect(linkOf('https://login.example')).toContain('https://login.example/l/');
    await vi.waitFor(() => expect(vi.mocked(console.error).mock.calls.flat().join()).toContain('baseUrl'));
  });
});
