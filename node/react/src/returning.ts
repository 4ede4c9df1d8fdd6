/**
 * The way back from WhatsApp: the link there opens another tab of the browser, which goes on with the attempt that the
 * person left for WhatsApp. Loaded where they did so on this very device, and where the link led.
 *
 * Until it is over the attempt is kept in the browser's own storage, which its tabs share. The tab that wrote last goes on;
 * any other gives it up, so that the app is handed the token once.
 */

import { type LogginError, type NewLogin, type Server } from '@loggin/web/create';
import { confirmLogin } from '@loggin/web/finish';
import { type Kept, LIFETIME_MS, nameOf } from './kept.js';
import type { Course } from './login-state.js';

interface Owner {
  readonly appKey: string;
  readonly server: Server;
}

interface Shared extends Kept {
  /** The tab that goes on with it. */
  readonly tab: string;
  /** The query of its page, which no link has. */
  readonly search: string;
}

/** What the link in WhatsApp brought: its login's name, and with it what is to be handed in. */
const BROUGHT = /^#loggin=(([0-9A-Z]{5})[0-9A-Z]{32})$/i;

/** Symbols that a link names its login by, the last of the code. */
const NAME = 5;

/** Where this tab has its name. */
const TAB = 'loggin tab';

/** What passes by itself: the phone comes from WhatsApp, and its network with it. */
const PASSING = /^(connection|rate_limited|unavailable|internal)$/;

/** Between two tries to hand in what the link brought, in milliseconds. */
const PAUSE_MS = 2_000;

const keyOf = (owner: Owner, name: string): string => `${nameOf(owner)} ${name.toUpperCase()}`;

const keyFor = (owner: Owner, { code }: NewLogin): string => keyOf(owner, code.slice(-NAME));

/** Each tab has storage of its own, which a reload leaves. */
function tabOf(): string {
  const tab = sessionStorage.getItem(TAB) ?? String(Math.random());
  sessionStorage.setItem(TAB, tab);
  return tab;
}

function read(key: string): Shared | undefined {
  const shared = JSON.parse(localStorage.getItem(key) ?? 'null') as Shared | null;
  const left = Number(shared?.expiresAt) - Date.now();
  return shared?.link && left > 0 && left <= LIFETIME_MS ? shared : undefined;
}

/** What storage does, unless the browser refuses it. */
function attempted<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

/** The attempt that the link led back to; its login has begun in another browser where there is none. */
export const find = (owner: Owner): Kept | undefined =>
  attempted(() => {
    const [, , name] = BROUGHT.exec(location.hash) ?? [];
    return name && read(keyOf(owner, name));
  }) || undefined;

/** The page's own address again, with the query that it had. */
export const clean = (search = location.search): void =>
  history.replaceState(history.state, '', location.pathname + search);

/** Whether another tab goes on with an attempt that this one shared, or has finished it. */
export const isElsewhere = (course: Course): boolean =>
  !!attempted(() => {
    const key = keyFor(course, course);
    return sessionStorage.getItem(key) && read(key)?.tab !== tabOf();
  });

/** The attempt is over. */
export const forget = (course: Course): void =>
  void attempted(() => {
    const key = keyFor(course, course);
    if (!isElsewhere(course)) {
      localStorage.removeItem(key);
    }
    sessionStorage.removeItem(key);
  });

/** Lets other tabs of the browser go on with an attempt. What has run out is swept away. */
function share(course: Course): void {
  const { token, code, link, attempt } = course;
  const { expiresAt } = attempt.getState();
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith('loggin ') && !read(key)) {
      localStorage.removeItem(key);
    }
  }
  const shared: Shared = {
    token,
    code,
    link,
    expiresAt,
    isOpened: true,
    tab: tabOf(),
    search: location.search,
  };
  localStorage.setItem(keyFor(course, course), JSON.stringify(shared));
  sessionStorage.setItem(keyFor(course, course), shared.tab);
}

/** Follows an attempt: takes what the link brings, now or later, and shares it once the person goes to WhatsApp. */
export function watch(course: Course): void {
  const { attempt, wait, wakes } = course;
  if (isElsewhere(course)) {
    attempt.cancel();
    return;
  }
  const take = (): void => void bringBack(course);
  const opened = (): void => void (attempt.getState().isOpened && attempted(() => share(course)));
  take();
  opened();
  wakes.add(opened);
  // A browser may open the link in the tab that has the page.
  addEventListener('hashchange', take);
  wait.signal.addEventListener('abort', () => removeEventListener('hashchange', take));
}

/** Hands in what the link brought, until it is judged or the attempt is over: nothing is lost by trying again. */
async function bringBack(course: Course): Promise<void> {
  const { server, token, code, wait, set } = course;
  const [, brought, name = ''] = BROUGHT.exec(location.hash) ?? [];
  if (!brought || name.toUpperCase() !== code.slice(-NAME)) {
    return;
  }
  clean(attempted(() => read(keyFor(course, course)))?.search);
  while (!wait.signal.aborted) {
    try {
      return await confirmLogin(server, token, brought, wait.signal);
    } catch (reason) {
      if (!PASSING.test((reason as LogginError).code)) {
        // The digits are left, and what ends a login is told by the wait.
        set({ isElsewhere: true });
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
