/**
 * The way back from WhatsApp: the link there opens another tab of the browser, which goes on with the attempt that the
 * person left for WhatsApp. Loaded where they did so on this very device, and where the link led.
 *
 * Until it is over the attempt is kept in the browser's own storage, which its tabs share. The tab that wrote last goes on;
 * any other gives it up, so that the app is handed the token once.
 */

import type { LogginError, NewLogin, Server } from '@loggin/web/create';
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
}

/** What the link in WhatsApp brought: its login's name, and with it what is to be handed in. */
const BROUGHT = /^#loggin=(([0-9A-Z]{5})[0-9A-Z]{32})$/i;

/** Symbols that a link names its login by, the last of the code. */
const NAME = 5;

/** Where this tab has the name that a link brought last. */
const BROUGHT_LAST = 'loggin brought';

/** Where this tab has its name. */
const TAB = 'loggin tab';

/** What passes by itself: the phone comes from WhatsApp, and its network with it. */
const PASSING = /^(connection|rate_limited|unavailable|internal)$/;

/** Between two tries to hand in what the link brought, in milliseconds. */
const PAUSE_MS = 2_000;

/** Begins the names under which the browser keeps attempts. */
const PREFIX = 'loggin back ';

const keyOf = (owner: Owner, name: string): string => `${PREFIX}${nameOf(owner)} ${name.toUpperCase()}`;

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

/** The page's own address again. */
const clean = (): void => history.replaceState(history.state, '', location.pathname + location.search);

/** Whether this page is about to be loaded with its query. */
let isLeaving = false;

/**
 * Has an attempt go on that began in this browser, where the link led to its page; otherwise it says so.
 *
 * The link has no query, and a page may be made by its own: it is loaded once more, with the one that it was left with.
 */
export function arrive(attempt: { readonly arrive: (kept?: Kept) => void }, owner: Owner): void {
  const [, , name] = BROUGHT.exec(location.hash) ?? [];
  if (!name || isLeaving) {
    return;
  }
  const kept = attempted(() => read(keyOf(owner, name)));
  const search = attempted(() => isFirst(name) && kept?.search);
  if (search && search !== location.search) {
    isLeaving = true;
    const page = new URL(location.href);
    page.search = search;
    location.replace(page);
    return;
  }
  // Of several attempts on a page the first takes it.
  kept || clean();
  attempt.arrive(kept);
}

/** Whether a link brings this to this tab for the first time: a server may lead on to the page without a query. */
function isFirst(name: string): boolean {
  const before = sessionStorage.getItem(BROUGHT_LAST);
  sessionStorage.setItem(BROUGHT_LAST, name);
  return before !== name;
}

/** Whether another tab goes on with an attempt that this one shared, or has finished it. */
const isElsewhere = (course: Course): boolean =>
  !!attempted(() => {
    const key = keyFor(course, course);
    return sessionStorage.getItem(key) && read(key)?.tab !== tabOf();
  });

/** Somebody has signed in. Where another tab goes on with it this one begins anew, and the app is told nothing here. */
export function finish(course: Course): void {
  const isOthers = isElsewhere(course);
  attempted(() => {
    const key = keyFor(course, course);
    isOthers || localStorage.removeItem(key);
    sessionStorage.removeItem(key);
  });
  if (isOthers) {
    course.attempt.cancel();
  }
}

/** Lets other tabs of the browser go on with an attempt. What has run out is swept away. */
function share(course: Course): void {
  const { token, code, link, attempt } = course;
  const { expiresAt } = attempt.getState();
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(PREFIX) && !attempted(() => read(key))) {
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

/** Follows an attempt whose person went to WhatsApp here: shares it, and takes what the link brings, now or later. */
export function watch(course: Course): void {
  const { attempt, wait } = course;
  if (wait.signal.aborted) {
    return;
  }
  if (isElsewhere(course)) {
    attempt.cancel();
    return;
  }
  attempted(() => share(course));
  const take = (): void => void bringBack(course);
  take();
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
  clean();
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
