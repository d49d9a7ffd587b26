import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import './globals.css';

export const metadata: Metadata = {
  title: 'quicprochat',
  description: 'End-to-end encrypted group chat that heals itself.',
  applicationName: 'quicprochat',
  manifest: '/manifest.webmanifest',
  icons: { icon: '/icon.svg' },
  // What looks like a phone number in a message is none of the browser's business.
  formatDetection: { telephone: false, address: false, email: false },
};

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  // The composer stays above the on-screen keyboard.
  interactiveWidget: 'resizes-content',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#faf8f4' },
    { media: '(prefers-color-scheme: dark)', color: '#191c1e' },
  ],
};

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    // boot.js sets the theme on <html> before React looks at it.
    <html lang="en" suppressHydrationWarning>
      <head>
        {/* Not async: it must run before anything else does. scripts/page.ts moves it to the very front. */}
        <script src="/boot.js" />
      </head>
      <body>
        <noscript>
          quicprochat encrypts in your browser and needs JavaScript. Switch JavaScript on and reload the page.
        </noscript>
        {children}
      </body>
    </html>
  );
}
