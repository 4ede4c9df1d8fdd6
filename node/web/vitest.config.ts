import { defineConfig } from 'vitest/config';

/** What a developer's own environment must not change; an empty variable counts as none. */
const NEUTRAL = ['LOGGIN_BASE_URL', 'LOGGIN_SECRET_KEY', 'LOGGIN_WHATSAPP_NUMBER'];

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    env: Object.fromEntries(NEUTRAL.map((name) => [name, ''])),
    // The tests judge what is published: the built package, loaded by Node and by nobody else.
    server: { deps: { external: [/\/web\/dist\//] } },
    // A failing server is met again after 2 s at most.
    testTimeout: 20_000,
  },
});
