'use client';
import type { SignedIn } from '@loggin/nextjs';
import { useState } from 'react';
import { whoAmI } from './actions';

/** A session crosses from the server to the page, and from the page to an action. */
export function Badge({ session }: { session: SignedIn }) {
  const [reply, setReply] = useState('');
  return (
    <p>
      <button type="button" onClick={async () => setReply(await whoAmI(session))}>
        Who am I?
      </button>
      <output>{reply}</output>
    </p>
  );
}
