import { requireSession } from '@loggin/nextjs';
import { treasure } from '../../../treasure';

/** In front of the guard, and guarded by itself alone: others are sent to the login page. */
export async function GET() {
  await requireSession({ returnTo: '/members' });
  return Response.json({ treasure: treasure('route of members') });
}
