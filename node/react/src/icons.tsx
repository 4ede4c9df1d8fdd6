'use client';

/** The few pictures, all of strokes, in the colour of the text around them. */

import type { ReactNode } from 'react';
import { useClasses } from './context.js';
import type { LogginStatus } from './login-state.js';

const BUBBLE =
  'M3.5 20.5 4.9 16A8.7 8.7 0 1 1 8.4 19.3zM9.2 7.9c-1 2.8 3.9 8.3 7 7.1l.5-1.7-2-1.2-1 .9c-1.2-.5-2.1-1.5-2.6-2.7l.9-1-1.1-1.9z';
const CROSS = 'm6.5 6.5 11 11m0-11-11 11';

/** What stands for a state; the others turn, as something goes on. */
const PATHS: Partial<Record<LogginStatus, string>> = {
  verified: 'm5 12.5 4.5 4.5L19 7.5',
  expired: 'M12 6.5V12l3.5 2.5M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18',
  denied: 'M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18M5.8 5.8l12.4 12.4',
  error: 'M12 6.5v7m0 4v.1',
  awaiting_confirmation: BUBBLE,
};

const TURNING = 'M12 3a9 9 0 0 1 9 9';

function Icon({
  path,
  className,
  size,
}: {
  path: string;
  className?: string | undefined;
  size?: number;
}): ReactNode {
  return (
    <svg
      aria-hidden="true"
      className={className}
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      {path === TURNING && <circle cx="12" cy="12" r="9" opacity=".25" />}
      <path d={path} />
    </svg>
  );
}

/** A message. */
export const BubbleIcon = (): ReactNode => <Icon size={22} path={BUBBLE} />;

export const CloseIcon = (): ReactNode => <Icon size={20} path={CROSS} />;

export const StateIcon = ({ status }: { status: LogginStatus }): ReactNode => {
  const path = PATHS[status];
  const classes = useClasses();
  return (
    <Icon className={path ? classes('icon') : classes('icon', classes('busy'))} path={path ?? TURNING} />
  );
};
