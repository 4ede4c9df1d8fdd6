// The snippet of the README, as an ES module.
import { loggin } from '@loggin/sdk';

const { token, link } = loggin.createToken('8XKPQ2WN');
const session = await loggin.waitForVerify(token);
console.log(JSON.stringify([link.includes('/l/8XKPQ2WN-'), session.phone, session.appKey]));
