import { loginHandlers } from '@loggin/nextjs';

/** `/api/login/begin`, `/wait` and `/confirm`, for a button whose token stays on this server. */
export const { POST } = loginHandlers();
