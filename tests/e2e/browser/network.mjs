/** A network that can be cut: between the page and the server, connection by connection. */

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Network {
  #sockets = new Set();
  #ends = new Set();
  #awaited = new Map();
  #isCut = false;
  #server;

  /** Passes on to the server at this address, until the test is over. */
  static async to(t, url) {
    const { hostname, port } = new URL(url);
    const network = new Network();
    network.#server = createServer((page) => network.#join(page, connect(Number(port), hostname)));
    network.#server.listen(0, '127.0.0.1');
    await once(network.#server, 'listening');
    t.after(() => {
      network.cut();
      network.#server.close();
    });
    return network;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  /** Breaks every connection, and each new one. */
  cut() {
    this.#isCut = true;
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  restore() {
    this.#isCut = false;
  }

  /** Resolves when the page ends a connection. */
  nextEnd() {
    return new Promise((resolve) => this.#ends.add(resolve));
  }

  /** Resolves when the server has begun to respond to a request that holds this text. */
  responseTo(text) {
    return new Promise((resolve) => this.#awaited.set(text, resolve));
  }

  /** Looks at what crosses a connection for what somebody waits for. */
  #watch(page, server) {
    let asked = '';
    page.on('data', (chunk) => {
      asked = this.#awaited.size ? asked + chunk : '';
    });
    server.on('data', () => {
      for (const [text, tell] of this.#awaited) {
        if (asked.includes(text)) {
          this.#awaited.delete(text);
          tell();
        }
      }
    });
  }

  #join(page, server) {
    this.#watch(page, server);
    for (const [socket, other] of [
      [page, server],
      [server, page],
    ]) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
    page.on('close', () => {
      for (const tell of this.#ends) {
        tell();
      }
    });
    if (this.#isCut) {
      page.destroy();
    }
  }
}
