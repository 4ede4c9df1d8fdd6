'use client';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { finishLogin, startLogin } from './actions';

export default function Decoupled() {
  const router = useRouter();
  const [link, setLink] = useState<string>();
  async function start() {
    const { token, link } = await startLogin();
    setLink(link);
    await finishLogin(token);
    router.push('/dashboard');
  }
  return (
    <>
      <h1>Sign in</h1>
      <button type="button" onClick={() => void start()}>
        Get a link
      </button>
      {link && (
        <a href={link} target="_blank" rel="noopener noreferrer">
          Sign in with WhatsApp
        </a>
      )}
    </>
  );
}
