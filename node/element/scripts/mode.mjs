/** What bundlers replace, for a page without one: development is on a developer's own machine, where the console says what is likely wrong. */

const IS_LOCAL = /^(localhost|127\.0\.0\.1|\[::1\])$|\.localhost$/;

export const LOGGIN_PROCESS = {
  env: { NODE_ENV: IS_LOCAL.test(globalThis.location?.hostname ?? '') ? 'development' : 'production' },
};
