import type { Metadata } from 'next';
import Image from 'next/image';
import Link from 'next/link';
import type { ReactNode } from 'react';
import icon from './icon.svg';
import './style.css';

export const metadata: Metadata = { title: { default: 'Acme', template: '%s · Acme' } };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <header>
          <Link href="/" className="brand">
            <Image src={icon} alt="" width={32} height={32} />
            Acme
          </Link>
        </header>
        <main>{children}</main>
        <footer>An example of sign-in with WhatsApp</footer>
      </body>
    </html>
  );
}
