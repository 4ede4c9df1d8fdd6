/** A small app of somebody's own: a page with our components, and a server that redeems what the page hands in. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

const PACKAGES = path('../../../node');

/** The versions of React that the packages support. */
export const REACTS = {
  18: { react: `${PACKAGES}/node_modules/react-18`, 'react-dom': `${PACKAGES}/node_modules/react-dom-18` },
  19: { react: path('node_modules/react'), 'react-dom': path('node_modules/react-dom') },
};

const OURS = {
  '@loggin/react': `${PACKAGES}/react/dist/esm/index.js`,
  '@loggin/react/locales': `${PACKAGES}/react/dist/esm/locales.js`,
  '@loggin/web': `${PACKAGES}/web/dist/esm/index.js`,
  '@loggin/web/create': `${PACKAGES}/web/dist/esm/create.js`,
  '@loggin/web/finish': `${PACKAGES}/web/dist/esm/finish.js`,
  '@loggin/web/routed': `${PACKAGES}/web/dist/esm/routed.js`,
};

/** The built page as its files, and for the server the function that renders it to text. */
async function bundle(version) {
  const shared = {
    absWorkingDir: path('.'),
    alias: { ...OURS, ...REACTS[version] },
    bundle: true,
    define: { 'process.env.NODE_ENV': '"development"' },
    format: 'esm',
    jsx: 'automatic',
    logLevel: 'warning',
    outdir: path('built'),
    write: false,
  };
  const page = await build({ ...shared, entryPoints: ['page/main.jsx'], splitting: true });
  const server = await build({
    ...shared,
    entryPoints: ['page/server.jsx'],
    platform: 'node',
    format: 'cjs',
  });
  const module = { exports: {} };
  new Function('module', 'exports', 'require', server.outputFiles[0].text)(
    module,
    module.exports,
    process.getBuiltinModule('module').createRequire(import.meta.url),
  );
  return {
    files: new Map(page.outputFiles.map((file) => [file.path.slice(path('built').length), file.text])),
    render: module.exports.render,
  };
}

/** Serves pages and the app's own routes until it is stopped. */
export class Site {
  #server;
  #bundles = new Map();
  /** The options of pages that have none in their address. */
  #named = new Map();
  /** Paths of pages whose query the server takes away, by a redirect. */
  bare = new Set();
  /** What the app's own server was handed, in order. */
  received = [];
  /** What it responds with, by path; a function of what it was handed. */
  routes = new Map();

  static async start() {
    const site = new Site();
    for (const version of Object.keys(REACTS)) {
      site.#bundles.set(version, await bundle(version));
    }
    site.#server = createServer((request, response) => void site.#serve(request, response));
    site.#server.listen(0, '127.0.0.1');
    await once(site.#server, 'listening');
    return site;
  }

  /** The address of a page with these options. */
  page(options) {
    return `http://127.0.0.1:${this.#server.address().port}/?${new URLSearchParams({ react: '19', ...options })}`;
  }

  /** The address of a page with these options that has no query, as an app's own pages. */
  namedPage(options) {
    const { origin, search } = new URL(this.page(options));
    const path = `/sign-in/${this.#named.size}`;
    this.#named.set(path, search);
    return origin + path;
  }

  async stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request, response) {
    const url = new URL(request.url, 'http://site');
    const named = this.#named.get(url.pathname);
    const { files, render } = this.#bundles.get(url.searchParams.get('react') ?? cookieOf(request)) ?? {};
    const file = files?.get(url.pathname);
    if (request.method === 'POST') {
      await this.#respond(url.pathname, request, response);
    } else if (file) {
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(file);
    } else if (named !== undefined && url.search && this.bare.has(url.pathname)) {
      response.writeHead(302, { Location: url.pathname }).end();
    } else if (named !== undefined) {
      response.writeHead(200, {
        'Content-Type': 'text/html',
        'Set-Cookie': 'react=19; SameSite=Lax; Path=/',
      });
      response.end(html('', '', '', named));
    } else if (url.pathname === '/') {
      const version = url.searchParams.get('react');
      const nonce = url.searchParams.get('nonce');
      response.writeHead(200, {
        'Content-Type': 'text/html',
        'Set-Cookie': `react=${version}; SameSite=Lax`,
        ...(nonce && { 'Content-Security-Policy': strictPolicy(nonce) }),
      });
      const body = url.searchParams.has('ssr') ? render(url.search) : '';
      response.end(html(body, nonce ?? '', RESETS[url.searchParams.get('reset')] ?? ''));
    } else {
      response.writeHead(404).end();
    }
  }

  async #respond(pathname, request, response) {
    const chunks = [];
    for await (const chunk of request) {
      chunks.push(chunk);
    }
    const body = JSON.parse(Buffer.concat(chunks).toString());
    this.received.push({ path: pathname, body });
    const { status = 200, ...given } = (await this.routes.get(pathname)?.(body)) ?? { status: 404 };
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(given.body ?? {}));
  }
}

const cookieOf = (request) => /react=(\d+)/.exec(request.headers.cookie ?? '')?.[1];

/** Nothing but what bears the nonce, and no markup from text. */
const strictPolicy = (nonce) =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'`,
    `style-src 'nonce-${nonce}'`,
    'connect-src *',
    'img-src data:',
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');

const RESET = `
  *, ::before, ::after { margin: 0; padding: 0; border: 0 solid #e5e7eb }
  a { color: inherit; text-decoration: inherit }
  h1, h2 { font-size: inherit; font-weight: inherit }
  button { color: inherit; background: transparent; border-radius: 0 }
  dialog { padding: 0 }`;

const UTILITIES = `
  .bg-black { background-color: #000 } .text-white { color: #fff } .rounded-full { border-radius: 9999px }
  .text-sm { font-size: 12px } .p-1 { padding: 4px } .border-2 { border-width: 2px }`;

/** What apps have beside our components: a reset, and classes that do one thing each, without layers and with them. */
const RESETS = {
  unlayered: RESET + UTILITIES,
  layered: `@layer theme, base, components, utilities; @layer base {${RESET}} @layer utilities {${UTILITIES}}`,
};

const html = (body, nonce, reset, search) => `<!doctype html>
<html lang="en"${search === undefined ? '' : ` data-search="${search.replaceAll('&', '&amp;')}"`}>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Acme</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${reset}</style>
<style nonce="${nonce}">
  :root { color-scheme: light dark; --loggin-font: Inter, 'Liberation Sans', system-ui, sans-serif }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; font-family: var(--loggin-font); background: #f3f5f4; color: #15181b }
  @media (prefers-color-scheme: dark) { body { background: #0f1112; color: #f2f4f5 } }
  main { width: min(360px, 100vw - 48px); text-align: center }
  h1 { font-size: 26px; letter-spacing: -.02em }
</style>
<div id="root">${body}</div>
<script nonce="${nonce}" type="module" src="/main.js"></script>
</html>
`;
