/**
 * A Loggin of your own tests: the server, a simulated WhatsApp, and people who tap.
 *
 * ```js
 * import { Loggin } from '@loggin/sdk';
 * import { LocalServer } from '@loggin/sdk/testing';
 *
 * const server = await new LocalServer().start();
 * const client = new Loggin({ baseUrl: server.url });
 * const { token, link } = client.createToken(server.appKey);
 * const person = await server.person();
 * await person.tap(link);
 * const session = await client.waitForVerify(token); // its phone is the person's
 * await server.stop();
 * ```
 *
 * Both are real: nothing in your app, the SDK or the server knows that it is a test. The program is that of the package
 * `@loggin/server`.
 */

export type { Button, Message, WaitOptions } from './chat.js';
export { LocalServerError, type LocalServerErrorCode } from './control.js';
export { logginFixtures } from './fixtures.js';
export { Person } from './person.js';
export { type App, LocalServer, type LocalServerOptions, type PersonOptions } from './server.js';
