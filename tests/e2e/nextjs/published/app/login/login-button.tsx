'use client';
import { LogginButton } from '@loggin/react';
import { useRouter } from 'next/navigation';
import { loginAction } from '../actions';

export function LoginButton({ appKey }: { appKey: string }) {
  const router = useRouter();
  return (
    <LogginButton
      appKey={appKey}
      onSuccess={async ({ token }) => {
        await loginAction(token);
        router.push('/dashboard');
      }}
    />
  );
}
