import { treasure } from '../treasure';

interface Props {
  line: string;
}

/** A page of the Pages Router, protected by the route guard alone. */
export default function Ledger({ line }: Props) {
  return <p>{line}</p>;
}

export function getServerSideProps(): { props: Props } {
  return { props: { line: treasure('ledger') } };
}
