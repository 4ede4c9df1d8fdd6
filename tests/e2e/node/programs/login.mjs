// The snippet of the README, as an ES module.
import { loggin } from '@loggin/sdk';

const { token, link } = loggin.createToken('8XKPQ2WN');
console.log(JSON.stringify(link));
const session = await loggin.waitForVerify(token);
console.log(JSON.stringify({ phone: session.phone, appKey: session.appKey }));
