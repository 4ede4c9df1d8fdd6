'use client';

/**
 * How button, modal and form look: one style sheet, written with them.
 *
 * It is part of the page's script rather than a file to import, because bundlers drop such an import from a package
 * without side effects. An app sets its variables: `--loggin-accent`, `--loggin-on-accent`, `--loggin-surface`,
 * `--loggin-text`, `--loggin-muted`, `--loggin-line`, `--loggin-alert`, `--loggin-radius`, `--loggin-font`.
 */

import { type ReactNode, useContext } from 'react';
import { AppearanceContext } from './context.js';

/** The colours of a theme: accent, text on it, surface, text, muted text, lines, alerts. All keep a contrast of 4.5. */
const colours = (...values: string[]): string =>
  ['accent', 'on-accent', 'surface', 'text', 'muted', 'line', 'alert']
    .map((name, index) => `--${name}:var(--loggin-${name},${values[index]})`)
    .join(';');

const LIGHT = colours('#0b7a45', '#fff', '#fff', '#15181b', '#5b626a', '#dfe3e6', '#b3261e');
const DARK = colours('#3ddc84', '#06281a', '#191b1e', '#f2f4f5', '#a9b0b7', '#363a3f', '#ff8a80');

const CSS = `
.loggin{${LIGHT};--radius:var(--loggin-radius,14px);color:var(--text);font:400 15px/1.45 var(--loggin-font,system-ui,sans-serif)}
@media(prefers-color-scheme:dark){.loggin:not([data-theme=light]){${DARK}}}
.loggin[data-theme=dark]{${DARK}}
.loggin *{box-sizing:border-box}
.loggin h2{margin:0;font-size:21px;line-height:1.25;font-weight:650;letter-spacing:-.01em;outline:0}
.loggin p{margin:0}
.loggin small,.loggin .loggin-lead{color:var(--muted)}
.loggin small{font-size:13px;text-wrap:balance}
.loggin :focus-visible,a.loggin:focus-visible{outline:3px solid var(--accent);outline-offset:3px}
.loggin h2:focus-visible{outline:0}
.loggin-main{display:inline-flex;gap:10px;align-items:center;justify-content:center;min-height:50px;padding:10px 24px;border:1px solid transparent;border-radius:var(--radius);background:var(--accent);color:var(--on-accent)!important;font:600 16px/1.2 var(--loggin-font,system-ui,sans-serif)!important;text-decoration:none;cursor:pointer;transition:filter .15s,transform .15s}
.loggin-main:hover{filter:brightness(1.07)}
.loggin-main:active{transform:scale(.985)}
.loggin-main:disabled{filter:saturate(.3);opacity:.6;cursor:default}
.loggin-second{padding:10px 14px;border:0;border-radius:10px;background:none;color:var(--accent);font:600 15px/1.2 var(--loggin-font,system-ui,sans-serif);text-decoration:none;cursor:pointer}
.loggin-second:hover{text-decoration:underline}
.loggin-second:disabled{color:var(--muted);cursor:default}
dialog.loggin{position:fixed;inset:0;box-sizing:border-box;width:400px;max-width:calc(100vw - 32px);max-height:calc(100dvh - 32px);overflow:auto;margin:auto;padding:32px 32px 26px;border:1px solid var(--line);border-radius:calc(var(--radius) + 10px);background:var(--surface);text-align:center;box-shadow:0 30px 80px -10px #0006}
dialog.loggin::backdrop{background:#0c0f1299;backdrop-filter:blur(4px)}
.loggin-stack{display:flex;flex-direction:column;gap:16px;align-items:center}
.loggin-stack>:is(.loggin-main,form,details){align-self:stretch}
.loggin-close{position:absolute;inset-block-start:12px;inset-inline-end:12px;width:40px;height:40px;padding:0;border:0;border-radius:50%;background:none;color:var(--muted);font-size:15px;cursor:pointer}
.loggin-close:hover{background:var(--line);color:var(--text)}
.loggin-qr{display:block;width:232px;max-width:100%;margin:0 auto;border:1px solid var(--line);border-radius:18px;forced-color-adjust:none}
.loggin [role=status]{font-weight:600}
.loggin-icon{width:64px;height:64px;padding:16px;border-radius:50%;color:var(--accent);background:color-mix(in srgb,currentColor 14%,transparent)}
[data-status=denied] .loggin-icon,[data-status=error] .loggin-icon,.loggin [role=alert]{color:var(--alert)}
.loggin-row{display:flex;gap:10px;align-items:center;justify-content:center;flex-wrap:wrap}
.loggin-row::before{content:"";width:9px;height:9px;border-radius:50%;background:var(--accent);animation:loggin-pulse 1.6s infinite}
.loggin-row [role=timer]{color:var(--muted);font-variant-numeric:tabular-nums}
.loggin-busy path{transform-origin:center;animation:loggin-turn .9s linear infinite}
.loggin summary{width:max-content;margin:auto;padding:8px 12px;color:var(--muted);cursor:pointer}
.loggin details .loggin-qr{margin-top:10px}
.loggin form{display:flex;flex-direction:column;gap:12px;text-align:start}
.loggin label{display:flex;flex-direction:column;gap:6px;font-weight:600;font-size:14px}
.loggin input{width:100%;min-height:50px;padding:10px 14px;border:1px solid var(--muted);border-radius:var(--radius);background:var(--surface);color:var(--text);font:400 17px/1.2 var(--loggin-font,system-ui,sans-serif)}
.loggin input[autocomplete=one-time-code]{font-size:24px;font-variant-numeric:tabular-nums;letter-spacing:.35em;text-align:center}
.loggin [role=alert]:empty{display:none}
@keyframes loggin-pulse{50%{opacity:.3}}
@keyframes loggin-turn{to{transform:rotate(1turn)}}
@keyframes loggin-in{from{opacity:0;translate:0 14px}}
dialog.loggin[open]{animation:loggin-in .22s ease-out}
@media(hover:none)and (pointer:coarse){dialog.loggin{width:auto;max-width:none;margin:auto 0 0;padding-block-end:max(26px,env(safe-area-inset-bottom));border-width:1px 0 0;border-end-start-radius:0;border-end-end-radius:0}}
@media(prefers-reduced-motion){.loggin,.loggin *,.loggin ::before{animation:none!important;transition:none!important}}
@media(forced-colors:active){.loggin-main,.loggin-icon{border:1px solid}.loggin-row::before{background:Highlight}}
`;

/** The style sheet. React 19 keeps one of them in the head, however many there are; React 18 leaves each in place. */
export function StyleSheet(): ReactNode {
  const { nonce } = useContext(AppearanceContext);
  return <style href="loggin" precedence="loggin" nonce={nonce} dangerouslySetInnerHTML={{ __html: CSS }} />;
}
