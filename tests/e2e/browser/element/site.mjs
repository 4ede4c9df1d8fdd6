/** Sites of people who use the web component: a plain page under a strict policy, a form, an app of Vue and one of Svelte. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import vue from '@vitejs/plugin-vue';
import { build } from 'vite';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const ELEMENT = path('../../../../node/element/dist');

/** The compilers of the frameworks, set up as their guides say. */
const PLUGINS = {
  svelte: () => svelte({ configFile: false }),
  vue: () => vue({ template: { compilerOptions: { isCustomElement: (tag) => tag.startsWith('loggin-') } } }),
};

/** An app of a framework as its files. */
async function bundle(framework) {
  const { NODE_ENV } = process.env;
  const { output } = await build({
    root: path(framework),
    base: `/${framework}/`,
    configFile: false,
    logLevel: 'error',
    plugins: [PLUGINS[framework]()],
    resolve: { alias: { '@loggin/element': `${ELEMENT}/index.js` } },
    build: {
      write: false,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: path(`${framework}/main.js`), output: { entryFileNames: 'main.js' } },
    },
  });
  // Vite makes this process one of production, and the tests stand in it too.
  if (NODE_ENV === undefined) {
    delete process.env.NODE_ENV;
  }
  return output.map(({ fileName, code }) => [`/${framework}/${fileName}`, code]);
}

/** Nothing but files of the site itself, no style in the markup, and no markup from text. */
const policyOf = (page, nonce) =>
  [
    "default-src 'none'",
    "script-src 'self'",
    nonce ? `style-src 'self' 'nonce-${nonce}'` : "style-src 'self'",
    'connect-src *',
    'img-src data:',
    "form-action 'self'",
    "require-trusted-types-for 'script'",
    `trusted-types ${MAKERS[page] ?? "'none'"}`,
  ].join('; ');

/** The frameworks make markup from texts of their own. */
const MAKERS = { svelte: 'svelte-trusted-html', vue: 'vue' };

const attributes = (values) =>
  Object.entries(values)
    .map(([name, value]) => ` ${name}="${value}"`)
    .join('');

const BODIES = {
  plain: (button) => `<main><h1>Acme</h1>${button}<p id="said" role="status"></p></main>
    <script src="/loggin.js"></script><script src="/loggin.js"></script><script src="/plain.js"></script>`,
  form: (button) => `<main><h1>Acme</h1><form method="post" action="/session">
      <label>Name <input name="person" required></label>${button}</form><p id="said" role="status"></p></main>
    <script src="/plain.js"></script><script src="/loggin.js" defer></script>`,
  vue: () => '<div id="root"></div><script type="module" src="/vue/main.js"></script>',
  svelte: () => '<div id="root"></div><script type="module" src="/svelte/main.js"></script>',
};

const html = (body) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Acme</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
${body}
</html>
`;

const STYLES = `
loggin-button { --loggin-accent: rgb(0, 90, 200); --loggin-on-accent: #fff }
loggin-button::part(button) { letter-spacing: 2px }
loggin-modal::part(title) { font-style: italic }
.menu { display: none }
`;

/** Serves the pages and their own routes until it is stopped. */
export class ElementSite {
  #server;
  #files = new Map([
    ['/loggin.js', readFileSync(`${ELEMENT}/loggin.js`)],
    ['/plain.js', readFileSync(path('plain.js'))],
    ['/page.css', STYLES],
  ]);
  /** What its own routes respond with, by path. */
  routes = new Map();

  static async start() {
    const site = new ElementSite();
    for (const framework of Object.keys(PLUGINS)) {
      for (const [name, text] of await bundle(framework)) {
        site.#files.set(name, text);
      }
    }
    site.#server = createServer((request, response) => void site.#serve(request, response));
    site.#server.listen(0, '127.0.0.1');
    await once(site.#server, 'listening');
    return site;
  }

  /** The address of a page; `attributes` are those of its button. */
  page({ page = 'plain', ...options }) {
    return `http://127.0.0.1:${this.#server.address().port}/${page}?${new URLSearchParams(options)}`;
  }

  async stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request, response) {
    const { pathname, searchParams } = new URL(request.url, 'http://site');
    const body = BODIES[pathname.slice(1)];
    const file = this.#files.get(pathname);
    if (request.method === 'POST') {
      await this.#respond(pathname, request, response);
    } else if (file) {
      const type = pathname.endsWith('.css') ? 'text/css' : 'text/javascript';
      response.writeHead(200, { 'Content-Type': type }).end(file);
    } else if (body) {
      const { server, ...more } = Object.fromEntries(searchParams);
      const button = `<loggin-button${attributes({ 'app-key': '8XKPQ2WN', 'base-url': server, ...more })}>or by <a href="/mail">mail</a></loggin-button>`;
      response.writeHead(200, {
        'Content-Type': 'text/html',
        'Content-Security-Policy': policyOf(pathname.slice(1), searchParams.get('nonce')),
      });
      response.end(html(body(button)));
    } else {
      response.writeHead(404).end();
    }
  }

  async #respond(pathname, request, response) {
    const chunks = [];
    for await (const chunk of request) {
      chunks.push(chunk);
    }
    const text = Buffer.concat(chunks).toString();
    if (pathname === '/session') {
      const fields = new URLSearchParams(text);
      const { body } = await this.routes.get('/login')({ token: fields.get('loggin_token') });
      response.writeHead(200, { 'Content-Type': 'text/html' });
      response.end(
        html(`<main><h1>Acme</h1><p id="said">Hello ${fields.get('person')} ${body.phone}</p></main>`),
      );
      return;
    }
    const { status = 200, body } = await this.routes.get(pathname)(JSON.parse(text));
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body ?? {}));
  }
}
