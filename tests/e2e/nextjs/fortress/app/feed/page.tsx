import Link from 'next/link';

/** Everybody sees the list, and only members a photo. */
export default function Feed() {
  return (
    <Link href="/photo/1" prefetch={false}>
      Photo
    </Link>
  );
}
