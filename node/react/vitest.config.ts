import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The tests judge what is published: the built package. tests/e2e/browser runs it in every version of React. */
export default defineConfig({
  resolve: {
    alias: [
      {
        find: /^@loggin\/react$/,
        replacement: fileURLToPath(new URL('dist/esm/index.js', import.meta.url)),
      },
    ],
  },
  test: {
    include: ['tests/**/*.test.{ts,tsx}'],
    // A failing server is met again after 2 s at most.
    testTimeout: 20_000,
  },
});
