import type { NextConfig } from 'next';

/** Locales, which have opened ways round guards: `/fr/ledger` is the same page. */
const config: NextConfig = { i18n: { locales: ['en', 'fr'], defaultLocale: 'en' } };

export default config;
