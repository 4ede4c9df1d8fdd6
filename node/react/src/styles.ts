/**
 * How button, modal, card and form look: one style sheet.
 *
 * An app sets its variables: `--loggin-accent`, `--loggin-on-accent`, `--loggin-surface`, `--loggin-text`,
 * `--loggin-muted`, `--loggin-line`, `--loggin-alert`, `--loggin-radius`, `--loggin-font`.
 *
 * Every class of an app wins, and no reset does. The rules stand in a layer, between those that frameworks name for resets
 * and for utilities; resets outside of any layer are taken back by a rule that is more specific than elements and less than
 * a class. Quotation marks, `>` and `&` do not occur: React 18 escapes them on a server.
 */

/** The colours of a theme: links, surface, text, muted text, lines, alerts. All keep a contrast of 4.5. */
const colours = (...values: string[]): string =>
  ['accent', 'surface', 'text', 'muted', 'line', 'alert']
    .map((name, index) => `--lg-${name}:var(--loggin-${name},${values[index]})`)
    .join(';');

const LIGHT = colours('#087443', '#fff', '#15181b', '#5b626a', '#dfe3e6', '#b3261e');
const DARK = colours('#74cf9f', '#202428', '#f2f4f5', '#a9b0b7', '#444a51', '#ff8a80');

/** WhatsApp's green, which bears dark letters, is the same in both themes. */
const BRAND =
  '--lg-brand:var(--loggin-accent,#25d366);--lg-on:var(--loggin-on-accent,#06281a);--lg-radius:var(--loggin-radius,14px);--lg-font:var(--loggin-font,system-ui,sans-serif)';

const RULES = `
.loggin{${LIGHT};${BRAND};color:var(--lg-text);font:400 15px/1.45 var(--lg-font)}
@media(prefers-color-scheme:dark){.loggin:not([data-theme=light]){${DARK}}}
.loggin[data-theme=dark]{${DARK}}
.loggin,.loggin *{box-sizing:border-box}
.loggin :is(p,small,.loggin-title){margin:0;text-wrap:balance}
.loggin-title{font:600 21px/1.25 var(--lg-font);outline:0}
.loggin :is(small,summary,.loggin-lead,[role=timer]){color:var(--lg-muted)}
.loggin:is(a):focus-visible,.loggin :is(a,button,input,select,summary):focus-visible{outline:3px solid var(--lg-accent);outline-offset:3px}
.loggin-main{display:inline-flex;gap:10px;align-items:center;justify-content:center;min-height:50px;padding:10px 24px;border:1px solid transparent;border-radius:var(--lg-radius);background:var(--lg-brand);color:var(--lg-on);font:600 16px/1.2 var(--lg-font);text-decoration:none;cursor:pointer}
.loggin-main:hover{filter:brightness(1.06)}
.loggin-main[data-variant=neutral]{background:var(--lg-text);color:var(--lg-surface)}
.loggin-main[data-variant=outline]{border-color:var(--lg-muted);background:none;color:var(--lg-text)}
.loggin-main[data-size=small]{min-height:40px;padding:6px 16px;font-size:14px}
.loggin-main[data-size=large]{min-height:58px;padding:14px 30px;font-size:18px}
.loggin-main[data-wide]{display:flex;width:100%}
.loggin-second{padding:8px 10px;border:0;border-radius:10px;background:none;color:var(--lg-accent);font:600 15px/1.2 var(--lg-font);text-decoration:none;cursor:pointer}
.loggin :disabled,.loggin-main[aria-disabled]{filter:grayscale(1);opacity:.6;cursor:default}
.loggin-modal{width:400px;max-width:calc(100vw - 32px);max-height:none;margin:auto;padding:0;overflow:hidden;border:1px solid var(--lg-line);border-radius:calc(var(--lg-radius) + 10px);background:var(--lg-surface);text-align:center;box-shadow:0 24px 60px -12px #0008}
.loggin-modal::backdrop{background:#000000a6}
.loggin-frame{max-height:calc(100dvh - 34px);overflow:hidden auto;scrollbar-width:none;transition:height .25s ease}
.loggin-stack{display:flex;flex-direction:column;gap:12px;align-items:center;padding:30px 32px 22px}
.loggin-card{max-width:400px;margin:0 auto;border:1px solid var(--lg-line);border-radius:calc(var(--lg-radius) + 10px);background:var(--lg-surface);text-align:center}
.loggin-stack :is(.loggin-main,form,details){align-self:stretch}
.loggin-close{position:absolute;top:12px;inset-inline-end:12px;display:grid;place-items:center;width:40px;height:40px;padding:0;border:0;border-radius:50%;background:none;color:var(--lg-muted);cursor:pointer}
.loggin-close:hover{background:var(--lg-line);color:var(--lg-text)}
.loggin-picture{position:relative;display:grid;place-items:center;width:232px;max-width:100%;margin:6px auto}
.loggin-picture[data-long]{width:264px}
.loggin-picture *{grid-area:1/1}
.loggin-qr{display:block;width:100%;border-radius:18px;forced-color-adjust:none;transition:opacity .3s}
.loggin-qr[aria-hidden=true]{opacity:.12}
.loggin-ring{position:absolute;inset:-7px;color:var(--lg-accent)}
.loggin-ring rect{stroke-width:1.2;transition:stroke-dashoffset 1s linear}
.loggin-picture .loggin-icon{position:relative;padding:10px;background:var(--lg-surface)}
.loggin-picture .loggin-main{position:relative;align-self:center}
.loggin-stack [role=status]{font-weight:600}
.loggin-icon{width:64px;height:64px;padding:16px;border-radius:50%;color:var(--lg-accent);background:color-mix(in srgb,currentColor 14%,transparent)}
:is([data-status=denied],[data-status=error]) .loggin-icon,.loggin [role=alert]{color:var(--lg-alert)}
.loggin-row{display:flex;gap:10px;align-items:center;justify-content:center;flex-wrap:wrap}
.loggin-row::before{content:attr(x);width:9px;height:9px;border-radius:50%;background:var(--lg-accent);animation:loggin-pulse 1.6s infinite}
.loggin-row[data-connection=connecting]::before{background:var(--lg-muted)}
.loggin-row[data-connection=lost]::before{background:var(--lg-alert);animation:none}
.loggin-unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.loggin-logo{display:block;width:48px;height:48px;margin:0 auto 12px;border-radius:12px;object-fit:contain}
.loggin-steps{display:flex;gap:8px;width:100%;margin:0;padding:0;list-style:none;counter-reset:step;font-size:13px;color:var(--lg-muted)}
.loggin-steps li{flex:1;display:grid;justify-items:center;align-content:start;gap:6px;counter-increment:step}
.loggin-steps li::before{content:counter(step);display:grid;place-items:center;width:28px;height:28px;border:1px solid currentColor;border-radius:50%}
.loggin-steps [aria-current]{color:var(--lg-text);font-weight:600}
.loggin-steps [aria-current]::before{border-color:transparent;background:var(--lg-brand);color:var(--lg-on)}
.loggin [role=timer]{font-variant-numeric:tabular-nums}
.loggin-busy path{transform-origin:50%;animation:loggin-turn .9s linear infinite}
.loggin summary{padding:8px;cursor:pointer}
.loggin form,form.loggin{display:grid;gap:12px;text-align:start}
.loggin label{display:grid;gap:6px;font-weight:600}
.loggin-field{width:100%;min-height:50px;padding:10px 14px;border:1px solid var(--lg-muted);border-radius:var(--lg-radius);background:var(--lg-surface);color:var(--lg-text);font:400 17px/1.2 var(--lg-font)}
.loggin-phone{display:flex;gap:8px}
.loggin-phone select{flex:0 0 42%;min-width:0;padding-inline:10px 4px;text-overflow:ellipsis}
.loggin-field[aria-invalid=true]{border-color:var(--lg-alert)}
.loggin-field[autocomplete=one-time-code]{font-size:24px;letter-spacing:.3em}
.loggin-match{font-size:56px;font-weight:700;line-height:1.2;letter-spacing:.08em;text-align:center}
.loggin-boxes label{position:relative;text-align:center}
.loggin-boxes input{position:absolute;inset:auto 0 0;height:56px;opacity:0}
.loggin-boxes label span{display:flex;gap:8px;justify-content:center}
.loggin-boxes label span span{flex:1;max-width:48px;height:56px;align-items:center;border:1px solid var(--lg-muted);border-radius:12px;font-size:24px}
.loggin-boxes input[aria-invalid=true]+span span{border-color:var(--lg-alert)}
.loggin-boxes input:focus+span span[data-next]{outline:2px solid var(--lg-accent);outline-offset:1px}
.loggin-boxes [role=alert]{text-align:center}
.loggin-choices{display:flex;align-items:center;flex-wrap:wrap;justify-content:space-between;margin:0 -10px}
.loggin-choices [role=timer]{padding:8px 10px}
.loggin [role]:is(p):empty{position:absolute}
.loggin-modal[open]{animation:loggin-in .22s ease-out}
.loggin-modal[data-device=phone]{width:auto;max-width:none;margin:auto 0 0;padding-bottom:env(safe-area-inset-bottom);border-width:1px 0 0;border-end-start-radius:0;border-end-end-radius:0}
.loggin-grab{position:absolute;top:8px;left:calc(50% - 18px);width:36px;height:4px;border-radius:2px;background:var(--lg-line)}
[data-status=verified] .loggin-icon path{stroke-dasharray:24;animation:loggin-draw .5s ease-out}
.loggin-modal[data-device=phone][open]{animation-name:loggin-up}
@media(prefers-reduced-motion){.loggin,.loggin *,.loggin ::before{animation:none!important;transition:none!important}}
@media(forced-colors:active){.loggin-main{border-color:ButtonText;background:ButtonFace;color:ButtonText}.loggin-row::before{background:Highlight}.loggin-steps [aria-current]::before{background:Highlight;color:HighlightText}.loggin-ring{color:Highlight}}
`;

export const CSS = `@layer reset,theme,base,loggin,components,utilities;
:where(.loggin,.loggin *):not(_ _ _){all:revert-layer}
@keyframes loggin-pulse{50%{opacity:.3}}
@keyframes loggin-turn{to{rotate:1turn}}
@keyframes loggin-in{from{opacity:0;translate:0 14px}}
@keyframes loggin-draw{from{stroke-dashoffset:24}}
@keyframes loggin-up{from{translate:0 100%}}
@layer loggin{${RULES}}
`;
