import { verifyToken } from '@loggin/nextjs';

interface Props {
  searchParams: Promise<{ token?: string }>;
}

/** A component that is rendered can set no cookie: it is told who signed in, and signs nobody in. */
export default async function Rendered({ searchParams }: Props) {
  const { token = '' } = await searchParams;
  const session = await verifyToken(token);
  return <p>{session ? `You are +${session.phone}.` : 'Nobody has sent the message.'}</p>;
}
