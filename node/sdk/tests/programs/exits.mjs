// Leaves in the middle of many waits.
import { Loggin } from '@loggin/sdk';

const client = new Loggin();
for (let count = 0; count < 100; count += 1) {
  void client.waitForVerify(client.createToken('8XKPQ2WN').token);
  void client.verifyToken(client.createToken('8XKPQ2WN').token).catch(() => {});
}
process.on('exit', () => console.log('"leaving"'));
// The second client's wait begins to settle while the process is on its way out.
void new Loggin()
  .waitForVerify(client.createToken('8XKPQ2WN').token, { timeoutMs: 1 })
  .catch(() => process.exit(7));
