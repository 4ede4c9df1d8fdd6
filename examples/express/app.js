/**
 * A web application that signs people in with WhatsApp.
 *
 * Start a server with `loggin-server dev`, then `npm install` and `npm start` in this folder.
 */

import { randomBytes } from 'node:crypto';
import { isLogginError, loggin, VerifyTimeoutError } from '@loggin/sdk';
import cookieSession from 'cookie-session';
import express from 'express';

// The app that `loggin-server dev` has ready.
const APP_KEY = process.env.LOGGIN_APP_KEY ?? '8XKPQ2WN';
// Milliseconds that the page's question is held: less than what proxies allow. The page then asks again.
const HOLD_MS = 25_000;
// A key that changes at each start signs everybody out then; set one to avoid it.
const SESSION_KEY = process.env.SESSION_KEY ?? randomBytes(32).toString('hex');

const app = express();
app.use(cookieSession({ name: 'session', keys: [SESSION_KEY], httpOnly: true, sameSite: 'lax' }));

app.get('/', (request, response) => {
  const { phone } = request.session;
  const body = phone
    ? `<p>Hello, +${phone}</p><form method="post" action="/logout"><button>Sign out</button></form>`
    : '<form method="post" action="/login"><button>Sign in with WhatsApp</button></form>';
  sendPage(response, body);
});

// Begins a login. Its token stays between this browser's cookie and us; only the link is shown.
app.post('/login', (request, response) => {
  const created = loggin.createToken(APP_KEY);
  request.session.token = created.token;
  sendPage(
    response,
    `<p><a href="${created.link}" target="_blank">Open WhatsApp</a> and tap Send, or scan this:</p>
    <div>${created.qrSvg()}</div>
    <script type="module">
      let answer;
      do answer = await fetch('/wait', { method: 'POST' }); while (answer.status === 202);
      location = '/';
    </script>`,
  );
});

// Answers once the person has signed in: 204; 202 means to ask again.
app.post('/wait', async (request, response) => {
  const { token } = request.session;
  if (!token) {
    response.sendStatus(400);
    return;
  }
  // Who closes the page waits no longer.
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  try {
    const session = await loggin.waitForVerify(token, { signal: gone.signal, timeoutMs: HOLD_MS });
    // The token has done its work: from here on the signed cookie says who this is.
    request.session = { phone: session.phone };
    response.sendStatus(204);
  } catch (error) {
    if (error instanceof VerifyTimeoutError) {
      response.sendStatus(202);
    } else if (isLogginError(error)) {
      response.status(error.status ?? 410).send(error.code);
    } else if (!gone.signal.aborted) {
      throw error;
    }
  }
});

app.post('/logout', (request, response) => {
  request.session = null;
  response.redirect(303, '/');
});

function sendPage(response, body) {
  response.set('Cache-Control', 'no-store');
  response.send(`<!doctype html><meta name=viewport content="width=device-width"><title>Acme</title>${body}`);
}

const server = app.listen(process.env.PORT ?? 3000, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
