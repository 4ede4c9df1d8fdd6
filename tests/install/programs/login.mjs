// What the README shows first, in an app that has installed the package: prints the link, and then who signed in.
import { loggin } from '@loggin/sdk';

const { token, link } = loggin.createToken('8XKPQ2WN');
console.log(link);
const session = await loggin.waitForVerify(token);
console.log(session.phone);
