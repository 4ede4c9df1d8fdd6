/** What the apps of every framework share: the server that the address names, and the app's own route. */

export const server = new URLSearchParams(location.search).get('server');

/** Hands the token to the app's own server, which redeems it; resolves to what it says. */
export async function signIn(token) {
  const response = await fetch('/login', { method: 'POST', body: JSON.stringify({ token }) });
  if (!response.ok) {
    throw new Error('The app refused.');
  }
  const { phone } = await response.json();
  return `Hello ${phone}`;
}
