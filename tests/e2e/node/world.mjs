/** The real server with its simulator on free ports, and the person with the phone. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The phone that signs in. */
export const PHONE = '919876543210';

const BUILT = fileURLToPath(new URL('../../../target/debug/loggin-server', import.meta.url));

/** The values that a program prints, one a line in JSON. */
export async function* printed(child) {
  for await (const line of createInterface({ input: child.stdout })) {
    yield JSON.parse(line);
  }
}

export class World {
  #server;
  #simulator;
  url;

  constructor(server, url, simulator) {
    this.#server = server;
    this.#simulator = simulator;
    this.url = url;
  }

  /** Starts both; `make build-rust` builds them, or `LOGGIN_SERVER_BIN` names the server. */
  static async start() {
    const program = process.env.LOGGIN_SERVER_BIN ?? BUILT;
    const free = '127.0.0.1:0';
    const server = spawn(program, ['dev', '--listen', free, '--simulator-listen', free], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const found = {};
    for await (const line of createInterface({ input: server.stdout })) {
      const [, what, url] = line.match(/^(loggin-server listening|phone simulator) on (http:\S+)/) ?? [];
      found[what] = url;
      if (found['loggin-server listening'] && found['phone simulator']) {
        // The server may go on printing, with nobody to read it.
        server.stdout.resume();
        const world = new World(server, found['loggin-server listening'], found['phone simulator']);
        await world.#control('phones', { number: PHONE, name: 'Asha' });
        return world;
      }
    }
    throw new Error('loggin-server ended before it listened');
  }

  /** Opens a login link on the phone and taps Send. */
  async tap(link) {
    const { text } = await this.#control('open-link', { link });
    await this.#control(`phones/${PHONE}/messages`, { text });
  }

  async stop() {
    const ended = once(this.#server, 'exit');
    this.#server.kill();
    await ended;
  }

  async #control(path, body) {
    const response = await fetch(`${this.#simulator}/control/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) {
      throw new Error(`the simulator answers ${response.status} to ${path}`);
    }
    return response.json();
  }
}
