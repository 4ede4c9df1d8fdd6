// A test that an app has of its own: the server comes with `@loggin/server`, and is gone afterwards.
import assert from 'node:assert/strict';
import { Loggin } from '@loggin/sdk';
import { LocalServer } from '@loggin/sdk/testing';

const server = await new LocalServer().start();
try {
  const client = new Loggin({ baseUrl: server.url });
  const { token, link } = client.createToken(server.appKey);
  const person = await server.person();
  await person.tap(link);
  assert.equal((await client.waitForVerify(token)).phone, person.number);
  console.log('signed in');
} finally {
  await server.stop();
}
