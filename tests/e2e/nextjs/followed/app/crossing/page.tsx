import { requireSession } from '@loggin/nextjs';
import { Badge } from './badge';

export default async function Crossing() {
  return <Badge session={await requireSession({ returnTo: '/crossing' })} />;
}
