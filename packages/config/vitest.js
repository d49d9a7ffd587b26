import { fileURLToPath } from 'node:url';

/**
 * What every room's vitest.config.ts shares: rooms are tested from each other's sources, so that a change is seen
 * without a build in between.
 *
 * @type {import('vitest/config').UserConfig}
 */
export const preset = {
  resolve: { conditions: ['@quicprochat/source', 'import', 'module', 'node', 'default'] },
  // No 'import' here: Node would get it as a condition of its own, and hand ES modules to what calls require (pg does).
  ssr: { resolve: { conditions: ['@quicprochat/source', 'module', 'node', 'default'] } },
  test: {
    include: ['src/**/*.test.{ts,tsx}', 'test/**/*.test.{ts,tsx}'],
    execArgv: ['--conditions=@quicprochat/source'],
    globalSetup: [fileURLToPath(new URL('temporary-files.js', import.meta.url))],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
};
