// A wait that ends in each of the ways there are; then the program ends by itself.
import { Loggin } from '@loggin/sdk';

const ends = [];
const note = (error) => ends.push(error.code ?? error.name);
const client = new Loggin();
const { token } = client.createToken('8XKPQ2WN');
await client.waitForVerify(token, { timeoutMs: 30 }).catch(note);
await client
  .waitForVerify(token, { signal: AbortSignal.timeout(30) })
  .catch((error) => ends.push(error.name));
await client.verifyToken(token, { signal: AbortSignal.timeout(30) }).catch((error) => ends.push(error.name));
await client.waitForVerify('').catch(note);
const closed = client.waitForVerify(token).catch(note);
client.close();
await closed;
// Held until here, so that it is not the garbage collector that lets the event loop end.
process.on('exit', () => console.log(JSON.stringify([...ends, client instanceof Loggin])));
