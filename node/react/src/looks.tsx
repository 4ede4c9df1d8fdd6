'use client';

/** How one component looks, where that is not how all of the app's do. */

import { type ReactNode, useContext } from 'react';
import { AppearanceContext, type Looks, useClasses } from './context.js';
import { useTexts } from './parts.js';
import { fill } from './texts.js';

/** Props without those about looks, for each of several kinds. */
export type WithoutLooks<Props> = Props extends unknown ? Omit<Props, keyof Looks> : never;

/** Props taken apart: what is about looks, and all else. */
export function looksOf<Props extends Looks>(props: Props): [Looks, WithoutLooks<Props>] {
  const { appName, logo, variant, size, classNames, otp, unstyled, ...rest } = props;
  return [{ appName, logo, variant, size, classNames, otp, unstyled }, rest as WithoutLooks<Props>];
}

/** Lays the looks of a component over those of the provider. */
export function LooksProvider({ looks, children }: { looks: Looks; children: ReactNode }): ReactNode {
  const above = useContext(AppearanceContext);
  const own = Object.entries(looks).filter(([, value]) => value !== undefined);
  const classNames = { ...above.classNames, ...looks.classNames };
  const value = { ...above, ...Object.fromEntries(own), classNames };
  return <AppearanceContext.Provider value={value}>{children}</AppearanceContext.Provider>;
}

/** Who asks. */
export function PanelTitle(): ReactNode {
  const { appName, logo } = useContext(AppearanceContext);
  const { title, titleFor } = useTexts();
  const classes = useClasses();
  const picture = typeof logo === 'string' ? <img src={logo} alt="" className={classes('logo')} /> : logo;
  return (
    <>
      {picture}
      {appName ? fill(titleFor, { app: appName }) : title}
    </>
  );
}
