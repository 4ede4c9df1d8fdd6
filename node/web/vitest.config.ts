import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** What a developer's own environment must not change; an empty variable counts as none. */
const NEUTRAL = ['LOGGIN_APP_KEY', 'LOGGIN_BASE_URL', 'LOGGIN_SECRET_KEY', 'LOGGIN_WHATSAPP_NUMBER'];

const shared = {
  env: Object.fromEntries(NEUTRAL.map((name) => [name, ''])),
  // The tests judge what is published: the built package, loaded by Node and by nobody else.
  server: { deps: { external: [/\/web\/dist\//] } },
  // A failing server is met again after 2 s at most.
  testTimeout: 20_000,
};

export default defineConfig({
  test: {
    projects: [
      { test: { ...shared, name: 'web', include: ['tests/**/*.test.ts'] } },
      {
        // The SDK for Node has the same clients, so its tests are put to these too.
        resolve: { alias: { '@loggin/sdk': path('dist/esm/index.js') } },
        test: {
          ...shared,
          name: 'as the sdk',
          root: path('../sdk'),
          include: ['tests/{bad-servers,cancelling,clients,denied,waits,watching}.test.ts'],
          setupFiles: [path('tests/not-here.ts')],
        },
      },
    ],
  },
});
