import type { Metadata } from 'next';
import Link from 'next/link';
import type { ReactNode } from 'react';
import './style.css';

export const metadata: Metadata = { title: 'Acme', icons: 'data:,' };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <header className="bar">
          <Link href="/" className="name">
            Acme
          </Link>
        </header>
        <main>{children}</main>
      </body>
    </html>
  );
}
