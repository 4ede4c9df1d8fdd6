import { finishLogin } from '@loggin/nextjs';
import { isLogginError } from '@loggin/web';

/** Waits for the login that `beginLogin` began in this browser, and signs in. */
export async function POST(request: Request) {
  try {
    await finishLogin({ signal: request.signal });
    return new Response(null, { status: 204 });
  } catch (error) {
    if (isLogginError(error)) {
      return Response.json({ error: error.code }, { status: error.status ?? 410 });
    }
    throw error;
  }
}
