/** A recipe's app as it is served in production, and somebody who visits it, as far as cookies and forms go. */

import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ROOT } from './pages.mjs';

const SITE = join(ROOT, 'target/e2e/recipes');

/** What signs the sessions of the tests. */
export const SECRET = 'a-secret-of-the-tests-of-more-than-32-bytes';

/** How each recipe says that it listens, and the program that serves it; the example is in a folder of its own. */
const SERVED = {
  express: { folder: join(ROOT, 'examples/express'), program: ['app.js'], ready: 'listening on' },
  astro: { program: ['dist/server/entry.mjs'], ready: 'Server listening on' },
  authjs: { program: ['../node_modules/next/dist/bin/next', 'start'], ready: 'Ready in' },
  hono: { program: ['server.ts'], ready: 'listening on' },
  'next-intl': { program: ['../node_modules/next/dist/bin/next', 'start'], ready: 'Ready in' },
  sveltekit: { program: ['build/index.js'], ready: 'Listening on' },
  'openid/authjs': { program: ['app.js'], ready: 'listening on' },
  'openid/authlib': {
    command: join(ROOT, '.venv/bin/python'),
    program: ['-m', 'uvicorn', 'app:app', '--port', '{port}'],
    ready: 'Uvicorn running on',
  },
  'openid/better-auth': { program: ['app.js'], ready: 'listening on' },
  'openid/openid-client': { program: ['app.js'], ready: 'listening on' },
};

/** What a proxy says of how it was asked; without it an app takes itself to be on HTTPS. */
export const PROTOCOL = 'x-forwarded-proto';

// Below the ports that a system picks by itself: nobody who connects takes one before the program listens at it.
async function freePort() {
  for (;;) {
    const port = randomInt(20_000, 32_768);
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch (error) {
      if (error.code === 'EADDRINUSE') {
        continue;
      }
      throw error;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}

export class Site {
  #process;
  #ended;
  url;
  /** What it printed. */
  output = '';

  /** Serves what `tests/e2e/recipes/build` has built; `base` is where Auth.js is in it. */
  static async start(recipe, env, base = '') {
    const site = new Site();
    const { folder = join(SITE, recipe), command, program, ready } = SERVED[recipe];
    const port = String(await freePort());
    site.url = `http://127.0.0.1:${port}`;
    const words = program.map((word) => word.replace('{port}', port));
    site.#process = spawn(command ?? readFileSync(join(SITE, 'node-22'), 'utf8').trim(), words, {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        NEXT_TELEMETRY_DISABLED: '1',
        HOST: '127.0.0.1',
        PORT: port,
        PROTOCOL_HEADER: PROTOCOL,
        AUTH_URL: site.url + base,
        AUTH_SECRET: SECRET,
        SESSION_SECRET: SECRET,
        LOGGIN_SESSION_SECRET: SECRET,
        ORIGIN: site.url,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    site.#ended = once(site.#process, 'exit');
    await new Promise((resolve, reject) => {
      for (const stream of [site.#process.stdout, site.#process.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => {
          site.output += text;
          if (site.output.includes(ready)) {
            resolve();
          }
        });
      }
      site.#process.on('exit', () => reject(new Error(`${recipe} has ended:\n${site.output}`)));
    });
    return site;
  }

  async stop() {
    this.#process.kill();
    await this.#ended;
  }
}

/** A browser without its scripts. */
export class Visitor {
  #site;
  cookies = new Map();
  /** The lines that set cookies, as they came. */
  set = [];

  constructor(site) {
    this.#site = site;
  }

  async visit(path, { method = 'GET', form, origin = this.#site.url } = {}) {
    const cookie = [...this.cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(this.#site.url + path, {
      method,
      redirect: 'manual',
      headers: { cookie, accept: 'text/html', [PROTOCOL]: 'http', ...(method === 'GET' ? {} : { origin }) },
      ...(form ? { body: new URLSearchParams(form) } : {}),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      this.set.push(line);
      if (value === '' || /max-age=0(;|$)/i.test(line)) {
        this.cookies.delete(name);
      } else {
        this.cookies.set(name, value);
      }
    }
    const location = response.headers.get('location');
    return {
      status: response.status,
      headers: response.headers,
      // Where it leads to, on this site.
      location: location && new URL(location, this.#site.url).pathname,
      code: location && new URL(location, this.#site.url).searchParams.get('code'),
      text: await response.text(),
    };
  }
}

/** A browser without its scripts that goes wherever it is sent, from the app to the issuer and back. */
export class Traveller {
  // Cookies of a host are those of all its ports.
  #cookies = new Map();

  /** Where the journey ends. */
  async go(address, { method = 'GET', headers, body } = {}) {
    for (let redirects = 0; redirects < 10; redirects++) {
      const response = await fetch(address, {
        method,
        body,
        redirect: 'manual',
        headers: {
          cookie: [...this.#cookies].map((pair) => pair.join('=')).join('; '),
          accept: 'text/html',
          ...(method === 'GET' ? {} : { origin: new URL(address).origin }),
          ...headers,
        },
      });
      this.#keep(response);
      const text = await response.text();
      const refresh = text.match(/<meta http-equiv="refresh" content="0;url=([^"]+)">/)?.[1];
      const redirect = response.status >= 300 && response.status < 400 && response.headers.get('location');
      const location = redirect || refresh?.replaceAll('&#38;', '&');
      if (!location) {
        return { url: String(address), status: response.status, text };
      }
      address = new URL(location, address);
      [method, body, headers] = ['GET', undefined, undefined];
    }
    throw new Error('it is sent around for ever');
  }

  #keep(response) {
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      if (value === '' || /max-age=0(;|$)/i.test(line) || /expires=thu, 01 jan 1970/i.test(line)) {
        this.#cookies.delete(name);
      } else {
        this.#cookies.set(name, value);
      }
    }
  }
}
