/** A `fetch` that responds with what a test tells it to, within the test's own turns of the event loop. */

export interface Asked {
  readonly accept: string;
  /** Whether the client has ended the call. */
  readonly signal: AbortSignal;
}

type Responder = (signal: AbortSignal) => Response | Promise<Response>;

/** Responds in turn, the last one ever again. */
export function scriptedFetch(...responders: Responder[]): { fetch: typeof fetch; asked: Asked[] } {
  const asked: Asked[] = [];
  return {
    asked,
    fetch: async (_, init) => {
      const signal = init?.signal as AbortSignal;
      asked.push({ accept: new Headers(init?.headers).get('Accept') ?? '', signal });
      const responder = responders.length > 1 ? responders.shift() : responders[0];
      return (responder as Responder)(signal);
    },
  };
}

/** An event stream that stays open until the client ends it. */
export function openStream(...parts: string[]): Responder {
  return (signal) => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(parts.join('')));
        signal.addEventListener('abort', () => controller.error(signal.reason));
      },
    });
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
  };
}
