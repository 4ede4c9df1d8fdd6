'use client';

import { useState } from 'react';
import { begin } from './actions';

/** The decoupled flow: this page has the link alone, and a request of its own waits on the server. */
export function DecoupledLogin({ next }: { next: string }) {
  const [link, setLink] = useState<string>();
  const [hasFailed, setHasFailed] = useState(false);

  async function start() {
    setHasFailed(false);
    setLink(await begin());
    const response = await fetch('/api/wait', { method: 'POST' });
    if (response.ok) {
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
