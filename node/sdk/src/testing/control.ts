/** The control API of the simulated WhatsApp: what happens in its world, by HTTP. */

/** What went wrong. */
export type LocalServerErrorCode =
  | 'ended'
  | 'no_message'
  | 'not_installed'
  | 'not_reached'
  | 'not_ready'
  | 'not_running'
  | 'refused';

/** The server does not start, has ended, or a person cannot do what a test asks of them: `code` says which. */
export class LocalServerError extends Error {
  override readonly name = 'LocalServerError';
  readonly code: LocalServerErrorCode;

  constructor(code: LocalServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** How a call differs from one that only reads. */
export interface CallInit {
  readonly body?: unknown;
  readonly method?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Calls of the control API at an address. */
export class Control {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** What a call answers, or null where that has no body. */
  // biome-ignore lint/suspicious/noExplicitAny: JSON of many forms, each read where it is asked for
  async call(path: string, { body, method, signal }: CallInit = {}): Promise<any> {
    const isRead = body === undefined;
    const response = await fetch(`${this.#url}/control/${path}`, {
      method: method ?? (isRead ? 'GET' : 'POST'),
      headers: { 'Content-Type': 'application/json' },
      body: isRead ? null : JSON.stringify(body),
      signal: signal ?? null,
    }).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw new LocalServerError('not_reached', 'the simulated WhatsApp is not reached', { cause });
    });
    const text = await response.text();
    if (!response.ok) {
      throw new LocalServerError('refused', complaint(path, response.status, text));
    }
    return text ? JSON.parse(text) : null;
  }
}

/** Without the number of a phone, which is the middle of a path. */
function complaint(path: string, status: number, text: string): string {
  const what = path.replace(/\?.*/s, '').split('/').at(-1);
  let message: unknown;
  try {
    ({ message } = JSON.parse(text));
  } catch {
    message = 'no JSON';
  }
  return `${what}: ${message} (${status})`;
}
