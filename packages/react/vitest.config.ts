import { preset } from '@quicprochat/config/vitest';
import { defineConfig, mergeConfig } from 'vitest/config';

export default defineConfig(mergeConfig(preset, { test: { environment: 'happy-dom' } }));
