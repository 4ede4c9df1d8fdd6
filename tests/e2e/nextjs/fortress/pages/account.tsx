import { getSession } from '@loggin/nextjs';
import type { GetServerSidePropsContext } from 'next';

interface Props {
  phone: string | null;
}

/** A page of the Pages Router that everybody may see: it greets whoever is signed in. */
export default function Account({ phone }: Props) {
  return <p>{phone ? `You are +${phone}.` : 'You are nobody.'}</p>;
}

export async function getServerSideProps({ req }: GetServerSidePropsContext): Promise<{ props: Props }> {
  const session = await getSession(req);
  return { props: { phone: session?.phone ?? null } };
}
