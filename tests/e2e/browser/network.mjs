/** A network that can be cut: between the page and the server, connection by connection. */

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Network {
  #sockets = new Set();
  #ends = new Set();
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

  #join(page, server) {
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
