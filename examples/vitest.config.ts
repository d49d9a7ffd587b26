import { preset } from '@quicprochat/config/vitest';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  ...preset,
  // Builds and browsers, one after the other: together they would starve each other on a small machine.
  test: { ...preset.test, fileParallelism: false, testTimeout: 180_000, hookTimeout: 300_000 },
});
