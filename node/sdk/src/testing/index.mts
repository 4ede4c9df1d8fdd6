/** The same for ES modules: the very objects of the CommonJS half. */

export * from './index.js';
