// Both kinds of modules in one program: they share everything.
import { createRequire } from 'node:module';
import * as esm from '@loggin/sdk';

const cjs = createRequire(import.meta.url)('@loggin/sdk');

const names = Object.keys(cjs).sort();
const exported = Object.keys(esm)
  .filter((name) => !['__esModule', 'default', 'module.exports'].includes(name))
  .sort();
console.log(
  JSON.stringify([exported.join() === names.join(), names.every((name) => cjs[name] === esm[name])]),
);
