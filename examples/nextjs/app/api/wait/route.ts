import { finishLogin } from '@loggin/nextjs';
import { isLogginError } from '@loggin/web';

/** How long a question is held: proxies end connections that are silent for longer. */
const HOLD_MS = 25_000;

/** Waits for the login that `beginLogin` began in this browser, and signs in; 202 where the page has to ask again. */
export async function POST(request: Request) {
  try {
    await finishLogin({ signal: request.signal, timeoutMs: HOLD_MS });
    return new Response(null, { status: 204 });
  } catch (error) {
    if (isLogginError(error) && error.code === 'timeout') {
      return new Response(null, { status: 202 });
    }
    if (isLogginError(error)) {
      return Response.json({ error: error.code }, { status: error.status ?? 410 });
    }
    throw error;
  }
}
