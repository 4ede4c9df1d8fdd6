/** The same for ES modules: the very objects of the CommonJS half, so that a program has one of each. */

export * from './index.js';
