import { TakeButton } from './take-button';

/** A public page. */
export default function Open() {
  return <TakeButton />;
}
