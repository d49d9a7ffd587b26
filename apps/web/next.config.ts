import { join } from 'node:path';
import type { NextConfig } from 'next';

const config: NextConfig = {
  // Files only: there is no server to trust, or to attack, at run time.
  output: 'export',
  reactStrictMode: true,
  // The rooms of the workspace lie beside this one; the bundler must be allowed to read them.
  turbopack: { root: join(import.meta.dirname, '../..') },
  // The `typecheck` task does it, with this same tsconfig; twice would cost the build some seconds.
  typescript: { ignoreBuildErrors: true },
  devIndicators: false,
};

export default config;
