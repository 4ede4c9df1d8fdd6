'use client';

import { useState } from 'react';
import { takeTreasure } from './actions';

export function TakeButton() {
  const [taken, setTaken] = useState('nothing');
  return (
    <button type="button" onClick={async () => setTaken(await takeTreasure())}>
      {taken}
    </button>
  );
}
