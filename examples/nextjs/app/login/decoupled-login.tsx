'use client';

import { useState } from 'react';
import { begin } from './actions';

/** A pause before the server is asked again that was not reached. */
const PAUSE_MS = 1_000;

/** A login that nobody has finished in this time has ended. */
const LOGIN_MS = 600_000;

/**
 * Whether the person is signed in, once that is known. A phone cuts connections while WhatsApp is open, so that a
 * question without an answer is asked again: the server's cookie knows which login it is about.
 */
async function isSignedIn(): Promise<boolean> {
  const until = Date.now() + LOGIN_MS;
  while (Date.now() < until) {
    const response = await fetch('/api/wait', { method: 'POST' }).catch(() => null);
    if (response === null || response.status >= 500) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    } else if (response.status !== 202) {
      return response.ok;
    }
  }
  return false;
}

/** The decoupled flow: this page has the link alone, and a request of its own waits on the server. */
export function DecoupledLogin({ next }: { next: string }) {
  const [link, setLink] = useState<string>();
  const [hasFailed, setHasFailed] = useState(false);

  async function start() {
    setHasFailed(false);
    setLink(await begin());
    if (await isSignedIn()) {
      window.location.assign(next);
    } else {
      setLink(undefined);
      setHasFailed(true);
    }
  }

  return (
    <section aria-label="By link">
      {link ? (
        <a href={link} target="_blank" rel="noopener noreferrer">
          Open WhatsApp
        </a>
      ) : (
        <button type="button" onClick={() => void start()}>
          Get a link
        </button>
      )}
      <p role="alert">{hasFailed && 'That came to nothing. Get another link.'}</p>
    </section>
  );
}
