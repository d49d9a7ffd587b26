import { existsSync } from 'node:fs';

/** Where the browser of the tests is. */
export const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

/** For a browser that runs as root, without a display, and calls nobody by itself. */
export const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-sync',
];

/** The sentence for a machine without Chromium; undefined if it is there. */
export const chromiumMissing = existsSync(CHROMIUM)
  ? undefined
  : `The tests in a browser need Chromium: install the Debian package "chromium", or set CHROMIUM_PATH; there is none at ${CHROMIUM}.`;
