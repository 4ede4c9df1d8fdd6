'use client';

import { useServerLogin } from '@loggin/react';
import { useState } from 'react';

/** A login of the server in markup of an app's own. */
export default function Own() {
  const [isIn, setIn] = useState(false);
  const { link, status, open, confirm, attemptsLeft } = useServerLogin({ onSuccess: () => setIn(true) });
  return (
    <>
      <a href={link ?? undefined} target="_blank" rel="noopener noreferrer" onClick={open}>
        Open WhatsApp
      </a>
      <form action={(form) => confirm(String(form.get('digits')))}>
        <input name="digits" aria-label="Digits" />
      </form>
      <output>{isIn ? 'signed in' : status}</output>
      <p role="alert">{attemptsLeft !== null && `Tries left: ${attemptsLeft}`}</p>
    </>
  );
}
