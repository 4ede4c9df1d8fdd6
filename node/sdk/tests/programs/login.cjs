// The snippet of the README, in CommonJS.
const { loggin } = require('@loggin/sdk');

async function main() {
  const { token, link } = loggin.createToken('8XKPQ2WN');
  const session = await loggin.waitForVerify(token);
  console.log(JSON.stringify([link.includes('/l/8XKPQ2WN-'), session.phone, session.appKey]));
}

void main();
