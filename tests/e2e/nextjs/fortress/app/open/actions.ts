'use server';

import { requireSession } from '@loggin/nextjs';
import { treasure } from '../../treasure';

/** An action on a public page: it asks by itself. */
export async function takeTreasure() {
  await requireSession();
  return treasure('action');
}
