/** The style sheet of React's components, in shadow roots, and the variables that a page sets for it. */

import css from '@loggin/react/styles.css';

/** How the element stands in the page; where a page says otherwise, that wins. */
const HOST = `
:host{display:inline-block;max-width:100%}
:host([full-width]){display:block}
:host([hidden]){display:none}
`;

/** The variables that the style sheet knows. */
const VARIABLES = [...new Set(css.match(/--loggin-[\w-]+/g))];

let sheets: CSSStyleSheet[] | undefined;

/**
 * Puts the style sheets beside a node of a shadow root. They are objects, which no content security policy forbids and all
 * elements of a page share; where the browser knows no such, a style element with a nonce.
 */
export function adopt(beside: Element, nonce: string | undefined): void {
  const root = beside.getRootNode() as ShadowRoot;
  if ('adoptedStyleSheets' in Document.prototype) {
    sheets ??= [HOST, css].map(sheetOf);
    root.adoptedStyleSheets = sheets;
  } else if (!root.querySelector('style')) {
    const style = document.createElement('style');
    style.nonce = nonce ?? '';
    style.textContent = HOST + css;
    root.prepend(style);
  }
}

function sheetOf(text: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
}

/** Hands what a page has set on one element for the style sheet on to another. */
export function copyVariables(from: Element, to: HTMLElement): void {
  const style = getComputedStyle(from);
  for (const name of VARIABLES) {
    to.style.setProperty(name, style.getPropertyValue(name));
  }
}
