/** A server that says what a test tells it to: what a real one says when it is broken, or when it is not one at all. */

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: { tokens?: string[]; token?: string; claim?: boolean } & Record<string, unknown>;
  /** When it arrived, in milliseconds. */
  readonly at: number;
  /** Resolves when the client ends the connection. */
  readonly ended: Promise<unknown>;
}

export type Responder = (response: ServerResponse, received: Received) => void;

export class ScriptedServer {
  readonly received: Received[] = [];
  readonly #server: ReturnType<typeof createServer>;
  readonly #isSecure: boolean;
  readonly #watchers = new Set<() => void>();
  #script: Responder[] = [];

  private constructor(tls?: ServerOptions) {
    const serve = (request: IncomingMessage, response: ServerResponse) => void this.#serve(request, response);
    this.#isSecure = tls !== undefined;
    this.#server = tls ? createSecureServer(tls, serve) : createServer(serve);
  }

  /** Starts a server, which stops with the test. */
  static async start(port = 0, tls?: ServerOptions): Promise<ScriptedServer> {
    const server = new ScriptedServer(tls);
    server.#server.listen(port, '127.0.0.1');
    await once(server.#server, 'listening');
    onTestFinished(() => server.stop());
    return server;
  }

  /** Has it give these responses in turn, the last one ever again. */
  respond(...script: Responder[]): void {
    this.#script = script;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get baseUrl(): string {
    return this.#isSecure ? `https://localhost:${this.port}` : `http://127.0.0.1:${this.port}`;
  }

  /** The request with this number, from 0; it may be still to come. */
  async request(index: number): Promise<Received> {
    for (;;) {
      const received = this.received[index];
      if (received) {
        return received;
      }
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) {
        chunks.push(chunk as Buffer);
      }
    } catch {
      // A program that exits may leave half a request behind.
      return;
    }
    const received: Received = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: JSON.parse(Buffer.concat(chunks).toString()),
      at: performance.now(),
      ended: once(response, 'close'),
    };
    this.received.push(received);
    const responder = this.#script.length > 1 ? this.#script.shift() : this.#script[0];
    responder?.(response, received);
    for (const watcher of this.#watchers) {
      watcher();
    }
    this.#watchers.clear();
  }
}

/** Begins an event stream, with the parts of it that are known already. */
export function stream(...parts: string[]): Responder {
  return (response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(parts.join('') || ':\n');
  };
}

/** Responds with JSON. */
export function json(status: number, body: object, headers: Record<string, string> = {}): Responder {
  return (response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}

/** Breaks the connection off without a response. */
export const breakOff: Responder = (response) => {
  response.destroy();
};

export function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

export const SESSION = {
  app_key: '8XKPQ2WN',
  phone: '919876543210',
  user_id: 'IN.13491208655302741918',
  subject: 'lgsu_000G40R40M30E209185GR38E1W8124GK',
  assurance: 'normal',
  verified_at: '2026-11-21T10:20:30.250Z',
};

/** The event that ends a login well. */
export function verified(code: string): string {
  return event('ready', { pending: 0 }) + event('verified', { code, session: SESSION });
}
