// What a developer writes without an SDK: an EventSource, and so a connection, for each login.

import { EventSource } from 'eventsource';
import { converse } from './child.mjs';

/** Connections being opened at once: more of them overrun the server's queue of connections to accept. */
const OPENING = 64;

await converse(({ urls, secret_key: secretKey }) => {
  const headers = {
    Authorization: `Bearer ${secretKey}`,
    'Idempotency-Key': 'benchmark',
    'Content-Type': 'application/json',
  };
  const queue = [];
  let opening = 0;

  function next() {
    if (opening < OPENING && queue.length > 0) {
      opening += 1;
      queue.shift()();
    }
  }

  function start(token, number, settle) {
    const body = JSON.stringify({ tokens: [token], claim: true });
    const source = new EventSource(`${urls[number % urls.length]}/api/v1/tokens/events`, {
      fetch: (input, init) =>
        fetch(input, { ...init, method: 'POST', body, headers: { ...init.headers, ...headers } }),
    });
    source.addEventListener('ready', () => {
      opening -= 1;
      next();
    });
    source.addEventListener('verified', (event) => {
      settle(JSON.parse(event.data).session);
      source.close();
    });
  }

  return {
    wait: (token, number) =>
      new Promise((settle) => {
        queue.push(() => start(token, number, settle));
        next();
      }),
  };
});
