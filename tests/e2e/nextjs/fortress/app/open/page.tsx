import { LogginButton } from '@loggin/react';
import { TakeButton } from './take-button';

/** A public page, rendered on the server, with a button that is not. */
export default function Open() {
  return (
    <>
      <TakeButton />
      <LogginButton appKey="8XKPQ2WN" />
    </>
  );
}
