import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    env: {
      LOGGIN_APP_KEY: '',
      LOGGIN_BASE_URL: '',
      LOGGIN_SECRET_KEY: '',
      LOGGIN_SESSION_SECRET: '',
      LOGGIN_WHATSAPP_NUMBER: '',
    },
    include: ['tests/**/*.test.ts'],
  },
});
