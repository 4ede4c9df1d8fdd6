/**
 * A web application that signs people in with WhatsApp.
 *
 * Start a server with `loggin-server dev`, then `npm install` and `npm start` in this folder.
 */

import { randomBytes } from 'node:crypto';
import { isLogginError, loggin, VerifyTimeoutError } from '@loggin/sdk';
import cookieSession from 'cookie-session';
import express from 'express';

const IS_PRODUCTION = process.env.NODE_ENV === 'production';
// The app that `loggin-server dev` has ready.
const APP_KEY = process.env.LOGGIN_APP_KEY ?? '8XKPQ2WN';
// Milliseconds that the page's question is held: less than what proxies allow. The page then asks again.
const HOLD_MS = 25_000;
const SESSION_MS = 30 * 24 * 60 * 60 * 1000;

const PROBLEMS = {
  denied: 'The sign-in was denied in WhatsApp.',
  expired: 'The link has expired.',
  unknown_app: 'This site is not set up for sign-in.',
};

function sessionKey() {
  if (process.env.SESSION_KEY) {
    return process.env.SESSION_KEY;
  }
  if (IS_PRODUCTION) {
    throw new Error('SESSION_KEY is not set: openssl rand -base64 32');
  }
  // Everybody is signed out when the server starts again.
  return randomBytes(32).toString('hex');
}

const app = express();
// The proxy in front says whether it was asked by HTTPS, without which no `secure` cookie is sent.
app.set('trust proxy', 1);
app.use(
  cookieSession({
    name: IS_PRODUCTION ? '__Host-session' : 'session',
    keys: [sessionKey()],
    httpOnly: true,
    maxAge: SESSION_MS,
    sameSite: 'lax',
    secure: IS_PRODUCTION,
  }),
);

// Forms of other sites are refused.
app.use((request, response, next) => {
  const site = request.get('Sec-Fetch-Site') ?? 'same-origin';
  if (request.method === 'POST' && site !== 'same-origin') {
    response.sendStatus(403);
    return;
  }
  next();
});

/** Who is signed in. The browser forgets the cookie at its end; whoever has copied it does not. */
function phoneOf({ session }) {
  return session.until > Date.now() ? session.phone : undefined;
}

app.get('/', (request, response) => {
  const phone = phoneOf(request);
  const { error } = request.query;
  const problem = error && (Object.hasOwn(PROBLEMS, error) ? PROBLEMS[error] : 'Something went wrong.');
  const body = phone
    ? `<p>Hello, +${phone}</p><form method="post" action="/logout"><button>Sign out</button></form>`
    : '<form method="post" action="/login"><button>Sign in with WhatsApp</button></form>';
  sendPage(response, problem ? `<p role="alert">${problem} Please try again.</p>${body}` : body);
});

// Begins a login. Its token stays between this browser's cookie and us; only the link is shown.
app.post('/login', (request, response) => {
  const created = loggin.createToken(APP_KEY);
  request.session = { token: created.token };
  sendPage(
    response,
    `<p><a href="${created.link}" target="_blank" rel="noopener noreferrer">Open WhatsApp</a> and tap Send, or scan
    this:</p>
    <div>${created.qrSvg()}</div>
    <script type="module">
      for (let status = 202; status === 202; ) {
        // Phones cut connections while WhatsApp is open: whatever is lost is asked for again.
        const response = await fetch('/wait', { method: 'POST' }).catch(() => null);
        if (response === null || response.status >= 500) {
          await new Promise((resolve) => setTimeout(resolve, 1000));
          continue;
        }
        status = response.status;
        if (status !== 202) {
          location = status === 204 ? '/' : '/?error=' + (await response.text());
        }
      }
    </script>`,
  );
});

// 204 once the person has signed in, 202 to ask again, and otherwise the code of what went wrong.
app.post('/wait', async (request, response) => {
  if (phoneOf(request)) {
    response.sendStatus(204);
    return;
  }
  const { token } = request.session;
  if (!token) {
    response.status(410).send('expired');
    return;
  }
  // Who closes the page waits no longer.
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  try {
    const session = await loggin.waitForVerify(token, { signal: gone.signal, timeoutMs: HOLD_MS });
    // The token has done its work: from here on the signed cookie says who this is.
    request.session = { phone: session.phone, until: Date.now() + SESSION_MS };
    response.sendStatus(204);
  } catch (error) {
    if (error instanceof VerifyTimeoutError) {
      response.sendStatus(202);
    } else if (isLogginError(error)) {
      response.status(error.retryable ? 503 : 410).send(error.code);
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
