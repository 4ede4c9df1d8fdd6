/** The app with one version of Next.js, as `next start` or `next dev` runs it, and requests that nothing tidies up on the way. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';

export const VERSIONS = ['15', '16'];

/** What seals the cookies of the tests. */
export const SECRET = 'a-secret-of-the-tests-of-more-than-32-bytes';

/** The beginning of every marker that is kept behind the guard. */
export const TREASURE = 'TREASURE-of-';

/** Where an app is built: the example, or the snippets as they are published. */
export const folderOf = (version, name = 'nextjs') =>
  fileURLToPath(new URL(`../../../target/${name}-${version}`, import.meta.url));

export class App {
  #process;
  #ended;
  folder;
  port;
  /** What it printed. */
  output = '';

  /** Runs what `tests/e2e/nextjs/build` has built, or its sources with `dev`; it is ready, or has ended. */
  static async start(version, env = {}, command = 'start', name = undefined) {
    const app = new App();
    app.folder = folderOf(version, name);
    if (!existsSync(`${app.folder}/.next/BUILD_ID`)) {
      throw new Error(`Next.js ${version} is not built: run make build-nextjs`);
    }
    app.#process = spawn(
      process.execPath,
      ['node_modules/next/dist/bin/next', command, '-H', '127.0.0.1', '-p', '0'],
      {
        cwd: app.folder,
        env: {
          PATH: process.env.PATH,
          NEXT_TELEMETRY_DISABLED: '1',
          LOGGIN_APP_KEY: '8XKPQ2WN',
          LOGGIN_SESSION_SECRET: SECRET,
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    // Its output is complete only when it is closed, which may be after the program has ended.
    app.#ended = once(app.#process, 'close');
    await new Promise((resolve) => {
      for (const stream of [app.#process.stdout, app.#process.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => {
          app.output += text;
          if (app.output.includes('Ready in')) {
            resolve();
          }
        });
      }
      app.#process.on('close', resolve);
    });
    app.port = Number(app.output.match(/Local: +http:\/\/127\.0\.0\.1:(\d+)/)?.[1]);
    return app;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  get hasEnded() {
    return this.#process.exitCode !== null;
  }

  /** How the program ended by itself. */
  async exitCode() {
    const [code] = await this.#ended;
    return code;
  }

  /** Sends a path as it is, and gives everything that comes back. */
  async send(path, { method = 'GET', headers = {}, body } = {}) {
    const sent = request({ host: '127.0.0.1', port: this.port, path, method, headers, agent: false });
    sent.end(body);
    const [response] = await once(sent, 'response');
    const chunks = [];
    for await (const chunk of response) {
      chunks.push(chunk);
    }
    const text = Buffer.concat(chunks).toString('latin1');
    return { status: response.statusCode, headers: response.headers, text };
  }

  async stop() {
    this.#process.kill();
    await this.#ended;
  }
}
