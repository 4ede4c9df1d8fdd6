/** Abort signals: one listener for all the waits on a signal, as Node takes more than ten of them for a leak. */

interface Watched {
  readonly callbacks: Set<() => void>;
  readonly listener: () => void;
}

const watched = new WeakMap<AbortSignal, Watched>();

/** Has `callback` called when the signal is aborted. Returns what takes it back. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const { callbacks, listener } = watched.get(signal) ?? watch(signal);
  callbacks.add(callback);
  return () => {
    if (callbacks.delete(callback) && callbacks.size === 0) {
      signal.removeEventListener('abort', listener);
      watched.delete(signal);
    }
  };
}

function watch(signal: AbortSignal): Watched {
  const callbacks = new Set<() => void>();
  const listener = () => {
    for (const callback of callbacks) {
      callback();
    }
  };
  signal.addEventListener('abort', listener);
  const entry = { callbacks, listener };
  watched.set(signal, entry);
  return entry;
}
