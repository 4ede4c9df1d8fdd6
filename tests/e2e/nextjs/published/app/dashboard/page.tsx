import { requireSession } from '@loggin/nextjs';
import { Badge } from './badge';

export default async function Dashboard() {
  const session = await requireSession({ returnTo: '/dashboard' });
  return (
    <>
      <h1>Dashboard</h1>
      <Badge session={session} />
    </>
  );
}
