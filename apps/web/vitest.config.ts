import { preset } from '@quicprochat/config/vitest';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  ...preset,
  test: {
    ...preset.test,
    include: ['scripts/**/*.test.ts', 'src/**/*.test.{ts,tsx}', 'e2e/**/*.test.ts'],
    testTimeout: 120_000,
    // A page that loads anew has the whole account to open first.
    expect: { poll: { timeout: 30_000 } },
  },
});
