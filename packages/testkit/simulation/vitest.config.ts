import { preset } from '@quicprochat/config/vitest';
import { defineConfig } from 'vitest/config';

export default defineConfig(preset);
