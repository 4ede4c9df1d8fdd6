// The snippet of the README, in CommonJS.
const { loggin } = require('@loggin/sdk');

async function main() {
  const { token, link } = loggin.createToken('8XKPQ2WN');
  console.log(JSON.stringify(link));
  const session = await loggin.waitForVerify(token);
  console.log(JSON.stringify({ phone: session.phone, appKey: session.appKey }));
}

void main();
