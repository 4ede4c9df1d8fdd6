import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The tests judge what is published: the built package. tests/e2e/browser signs in with it on pages of several kinds. */
export default defineConfig({
  resolve: {
    alias: [
      {
        find: /^@loggin\/element$/,
        replacement: fileURLToPath(new URL('dist/index.js', import.meta.url)),
      },
    ],
  },
  test: {
    include: ['tests/**/*.test.{ts,tsx}'],
  },
});
