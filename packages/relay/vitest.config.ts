import { preset } from '@quicprochat/config/vitest';
import { defineConfig } from 'vitest/config';

// The collector at hand: what a slow reader holds can only be measured without what nobody holds any more.
const execArgv = [...preset.test.execArgv, '--expose-gc'];

export default defineConfig({ ...preset, test: { ...preset.test, execArgv } });
