'use client';

/**
 * How button, modal and form look: one style sheet, written with them.
 *
 * It is part of the page's script rather than a file to import, because bundlers drop such an import from a package
 * without side effects. An app sets its variables: `--loggin-accent`, `--loggin-on-accent`, `--loggin-surface`,
 * `--loggin-text`, `--loggin-muted`, `--loggin-line`, `--loggin-alert`, `--loggin-radius`, `--loggin-font`.
 * The sheet has no quotation marks, no `>` and no `&`: React 18 renders them escaped on a server.
 */

import { type ReactNode, useContext, useInsertionEffect, useSyncExternalStore } from 'react';
import { AppearanceContext } from './context.js';

/** The colours of a theme: accent, text on it, surface, text, muted text, lines, alerts. All keep a contrast of 4.5. */
const colours = (...values: string[]): string =>
  ['accent', 'on-accent', 'surface', 'text', 'muted', 'line', 'alert']
    .map((name, index) => `--${name}:var(--loggin-${name},${values[index]})`)
    .join(';');

const LIGHT = colours('#0b7a45', '#fff', '#fff', '#15181b', '#5b626a', '#dfe3e6', '#b3261e');
const DARK = colours('#3ddc84', '#06281a', '#191b1e', '#f2f4f5', '#a9b0b7', '#363a3f', '#ff8a80');

const CSS = `
.loggin{${LIGHT};--radius:var(--loggin-radius,14px);--font:var(--loggin-font,system-ui,sans-serif);color:var(--text);font:400 15px/1.45 var(--font)}
@media(prefers-color-scheme:dark){.loggin:not([data-theme=light]){${DARK}}}
.loggin[data-theme=dark]{${DARK}}
.loggin,.loggin *{box-sizing:border-box}
.loggin :is(h2,p,small){margin:0;text-wrap:balance}
.loggin h2{font:600 21px/1.25 var(--font);outline:0}
.loggin :is(small,summary,.loggin-lead,[role=timer]){color:var(--muted)}
.loggin :is(a,button,input,summary):focus-visible,a.loggin:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
.loggin .loggin-main,a.loggin-main{display:inline-flex;gap:10px;align-items:center;justify-content:center;min-height:50px;padding:10px 24px;border:1px solid transparent;border-radius:var(--radius);background:var(--accent);color:var(--on-accent);font:600 16px/1.2 var(--font);text-decoration:none;cursor:pointer}
.loggin-main:hover{filter:brightness(1.08)}
.loggin .loggin-second{padding:10px;border:0;border-radius:10px;background:none;color:var(--accent);font:600 15px/1.2 var(--font);text-decoration:none;cursor:pointer}
.loggin :disabled{filter:grayscale(1);opacity:.6;cursor:default}
dialog.loggin{width:400px;max-width:calc(100vw - 32px);max-height:calc(100dvh - 32px);margin:auto;padding:32px 32px 26px;border:1px solid var(--line);border-radius:calc(var(--radius) + 10px);background:var(--surface);text-align:center;box-shadow:0 24px 60px -12px #0008}
dialog.loggin::backdrop{background:#0008}
.loggin-stack{display:flex;flex-direction:column;gap:16px;align-items:center}
.loggin-stack :is(.loggin-main,form,details){align-self:stretch}
.loggin .loggin-close{position:absolute;top:12px;inset-inline-end:12px;display:grid;place-items:center;width:40px;height:40px;padding:0;border:0;border-radius:50%;background:none;color:var(--muted);cursor:pointer}
.loggin .loggin-close:hover{background:var(--line);color:var(--text)}
.loggin-qr{display:block;width:232px;max-width:100%;margin:0 auto;border:1px solid var(--line);border-radius:18px;forced-color-adjust:none}
.loggin-stack [role=status]{font-weight:600}
.loggin-icon{width:64px;height:64px;padding:16px;border-radius:50%;color:var(--accent);background:color-mix(in srgb,currentColor 14%,transparent)}
:is([data-status=denied],[data-status=error]) .loggin-icon,.loggin [role=alert]{color:var(--alert)}
.loggin-row{display:flex;gap:10px;align-items:center;justify-content:center;flex-wrap:wrap}
.loggin-row::before{content:attr(x);width:9px;height:9px;border-radius:50%;background:var(--accent);animation:loggin-pulse 1.6s infinite}
.loggin [role=timer]{font-variant-numeric:tabular-nums}
.loggin-busy path{transform-origin:50%;animation:loggin-turn .9s linear infinite}
.loggin summary{padding:8px;cursor:pointer}
.loggin form,form.loggin{display:grid;gap:12px;text-align:start}
.loggin label{display:grid;gap:6px;font-weight:600}
.loggin input{width:100%;min-height:50px;padding:10px 14px;border:1px solid var(--muted);border-radius:var(--radius);background:var(--surface);color:var(--text);font:400 17px/1.2 var(--font)}
.loggin [autocomplete=one-time-code]{font-size:24px;letter-spacing:.3em}
.loggin [role]:empty{display:none}
@keyframes loggin-pulse{50%{opacity:.3}}
@keyframes loggin-turn{to{rotate:1turn}}
@keyframes loggin-in{from{opacity:0;translate:0 14px}}
dialog.loggin[open]{animation:loggin-in .22s ease-out}
dialog.loggin[data-device=phone]{width:auto;max-width:none;margin:auto 0 0;padding-bottom:max(26px,env(safe-area-inset-bottom));border-width:1px 0 0;border-end-start-radius:0;border-end-end-radius:0}
@media(prefers-reduced-motion){.loggin,.loggin *,.loggin ::before{animation:none!important}}
@media(forced-colors:active){.loggin .loggin-main,a.loggin-main{border-color:ButtonText;background:ButtonFace;color:ButtonText}.loggin-row::before{background:Highlight}}
`;

/** On a server and while a page is hydrated the sheet stands where the component does; then it moves. */
const useIsServed = (): boolean =>
  useSyncExternalStore(
    () => () => {},
    () => false,
    () => true,
  );

/**
 * Puts the sheet into the page, or the tree of a shadow, once. It comes first, so that what the app says comes after it.
 *
 * A script may set a nonce and the text of a style element under every policy, also where Trusted Types are required.
 */
function insert(container: Node | undefined, nonce: string | undefined): void {
  const tree = container?.getRootNode();
  const place = tree instanceof ShadowRoot ? tree : document.head;
  if (place.querySelector('style[data-loggin]')) {
    return;
  }
  const element = document.createElement('style');
  element.dataset.loggin = '';
  element.nonce = nonce ?? '';
  element.textContent = CSS;
  place.prepend(element);
}

/** The style sheet: one in each tree, however many components there are. */
export function StyleSheet(): ReactNode {
  const { nonce, container } = useContext(AppearanceContext);
  const isServed = useIsServed();
  useInsertionEffect(() => insert(container, nonce), [container, nonce]);
  // Browsers hide the nonce from the page, which hydration would take for a mismatch.
  return isServed ? (
    <style nonce={nonce} suppressHydrationWarning>
      {CSS}
    </style>
  ) : null;
}
