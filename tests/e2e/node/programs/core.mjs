// What an app's server does with the SDK, in whichever runtime: many waits at once, each way to end one, errors, printing.
import { inspect } from 'node:util';
import { ClosedError, isLogginError, Loggin, VerifyTimeoutError } from '@loggin/sdk';

const [appKey, secretKey] = process.argv.slice(2);
const WAITS = 200;
const client = new Loggin({ secretKey });
const logins = Array.from({ length: WAITS }, () => client.createToken(appKey));
const controller = new AbortController();

const say = (value) => console.log(JSON.stringify(value));
const reasonOf = (promise) =>
  promise.then(
    () => 'nothing',
    (reason) => reason,
  );

const { signal } = controller;
const aborted = reasonOf(client.waitForVerify(client.createToken(appKey).token, { signal }));
const waits = logins.map(({ token }) => client.waitForVerify(token));

// One of the many has signed in.
say(logins[WAITS - 1].link);
const session = await waits.pop();
say([session.phone, session.verifiedAt instanceof Date, inspect(session).includes(session.phone)]);

controller.abort('enough');
const late = await reasonOf(client.waitForVerify(logins[0].token, { timeoutMs: 20 }));
const taken = await reasonOf(new Loggin().verifyToken(logins[WAITS - 1].token));
say([await aborted, late instanceof VerifyTimeoutError && late.code, isLogginError(taken) && taken.code]);

// All that still wait end with the client, and then the program does.
const ends = Promise.all(waits.map(reasonOf));
client.close();
say(new Set((await ends).map((reason) => reason instanceof ClosedError)).size);
