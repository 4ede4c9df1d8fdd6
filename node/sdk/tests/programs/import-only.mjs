// An import opens nothing and reads nothing, however wrong the environment is.
import { loggin } from '@loggin/sdk';

const loaded = () => process.report.getReport().sharedObjects.some((path) => path.endsWith('.node'));

const steps = [loaded()];
try {
  loggin.createToken('8XKPQ2WN');
} catch (error) {
  steps.push(error.code);
}
await loggin.waitForVerify('').catch((error) => steps.push(error.code));
steps.push(loaded());
console.log(JSON.stringify(steps));
