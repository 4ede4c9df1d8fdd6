/** A `fetch` that answers what a test tells it to, within the test's own turns of the event loop. */

export interface Asked {
  readonly accept: string;
  /** Whether the client has ended the call. */
  readonly signal: AbortSignal;
}

type Answer = (signal: AbortSignal) => Response | Promise<Response>;

/** Answers in turn, the last one ever again. */
export function scriptedFetch(...answers: Answer[]): { fetch: typeof fetch; asked: Asked[] } {
  const asked: Asked[] = [];
  return {
    asked,
    fetch: async (_, init) => {
      const signal = init?.signal as AbortSignal;
      asked.push({ accept: new Headers(init?.headers).get('Accept') ?? '', signal });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      return (answer as Answer)(signal);
    },
  };
}

/** An event stream that stays open until the client ends it. */
export function openStream(...parts: string[]): Answer {
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
