import { treasure } from '../../../../../treasure';

/** The same as a layer over the feed, for who comes from there: its folder is a path by itself. */
export default function PhotoLayer() {
  return <p>{treasure('layer of photo')}</p>;
}
