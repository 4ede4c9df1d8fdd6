'use client';

import { LogginButton, LogginProvider } from '@loggin/react';

/** The decoupled flow: this page has the link alone. Its route waits, and signs in. */
export function DecoupledLogin({ next }: { next: string }) {
  return (
    <LogginProvider appName="Acme">
      <LogginButton mode="server" fullWidth onSuccess={() => window.location.assign(next)} />
    </LogginProvider>
  );
}
