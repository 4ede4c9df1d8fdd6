'use client';

import { LogginButton, LogginProvider, OtpForm } from '@loggin/react';
import { signIn } from './actions';

interface Props {
  appKey: string;
  /** The Loggin server, and the number of the business where links open WhatsApp without it. */
  server: { baseUrl: string | undefined; whatsappNumber: string | undefined };
  next: string;
}

/** The button, and the form for one-time codes. The server redeems; what this page knows proves nothing. */
export function SignIn({ appKey, server, next }: Props) {
  return (
    <LogginProvider {...server} appName="Acme">
      <LogginButton appKey={appKey} fullWidth onSuccess={({ token }) => signIn(token, next)} />
      <span className="or">or</span>
      <section aria-label="One-time code">
        <OtpForm
          start="/api/otp/start"
          verify="/api/otp/verify"
          onSuccess={() => window.location.assign(next)}
        />
      </section>
    </LogginProvider>
  );
}
