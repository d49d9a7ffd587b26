import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const globalSetup = [fileURLToPath(new URL('temporary-files.js', import.meta.url))];

export default defineConfig({ test: { include: ['*.test.js'], globalSetup } });
