import { treasure } from '../../../treasure';

interface Props {
  params: Promise<{ id: string }>;
}

/** Rendered for each request, and protected by the route guard alone. */
export default async function Box({ params }: Props) {
  const { id } = await params;
  return (
    <p>
      {treasure('box')} {id}
    </p>
  );
}
