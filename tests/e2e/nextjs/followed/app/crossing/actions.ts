'use server';
import { requireSession, type SignedIn } from '@loggin/nextjs';

export async function whoAmI(told: SignedIn) {
  const { phone, verifiedAt } = await requireSession({ returnTo: '/crossing' });
  return phone === told.phone && verifiedAt.getTime() === told.verifiedAt.getTime() ? phone : 'somebody else';
}
