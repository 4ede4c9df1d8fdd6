'use client';

/** How a sign-in has ended: who signed in, or what can be done about it. It is loaded while the sign-in goes on. */

import type { ReactNode } from 'react';
import { useClasses } from './context.js';
import { isCode, isSetupFault } from './faults.js';
import { useLogginLogin, useTexts } from './parts.js';
import { isolated, type LogginTexts } from './texts.js';
import type { LogginLogin } from './use-loggin.js';

/** Digits of a number that its owner knows it by: the country's at most, and the last. */
const SHOWN = 2;

/** A number that its owner knows, and who looks over the shoulder does not learn. */
const masked = (phone: string): string => isolated(`+${phone.slice(0, SHOWN)} ••• ••${phone.slice(-SHOWN)}`);

function hintOf({ status, error, phone }: LogginLogin, texts: LogginTexts): string | null {
  switch (status) {
    case 'verified':
      return phone ? masked(phone) : null;
    case 'expired':
      return texts.expiredHint;
    case 'denied':
      return texts.deniedHint;
    default:
      return faultOf(error, texts);
  }
}

/** What is wrong, as far as the person can do something about it. */
function faultOf(error: Error | null, texts: LogginTexts): string {
  if (isCode(error, 'phone_hidden')) {
    return texts.phoneHiddenHint;
  }
  if (isSetupFault(error)) {
    return texts.setupHint;
  }
  return isCode(error, 'connection') || !navigator.onLine ? texts.offlineHint : texts.errorHint;
}

/** What else there is to say, below the state itself. */
export function Ending(): ReactNode {
  const hint = hintOf(useLogginLogin(), useTexts());
  const classes = useClasses();
  return hint && <p className={classes('lead')}>{hint}</p>;
}
