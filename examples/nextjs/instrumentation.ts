/** Ends the start where `LOGGIN_SESSION_SECRET` is missing. */
export { register } from '@loggin/nextjs';
