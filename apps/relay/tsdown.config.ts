import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { defineConfig } from 'tsdown';

const relay = createRequire(new URL('../../packages/relay/package.json', import.meta.url));
const metrics = createRequire(createRequire(import.meta.url).resolve('prom-client'));
const addons = join(dirname(relay.resolve('better-sqlite3/package.json')), 'prebuilds');

/**
 * One file with everything in it but SQLite's addon, for machines on which nothing is installed but Node: it looks for the
 * addon of its machine in `../prebuilds`, and those of Linux are put there.
 */
export default defineConfig({
  entry: ['src/qpc-relay.ts'],
  outDir: 'dist/lib',
  format: 'esm',
  platform: 'node',
  // OpenWrt's.
  target: 'node22',
  fixedExtension: false,
  // better-sqlite3 asks for the folder that it is in.
  shims: true,
  deps: { alwaysBundle: [/./], onlyBundle: false },
  inputOptions: {
    resolve: {
      // Whether a module is imported or required, each finds by itself: one that is required must be CommonJS.
      conditionNames: ['@quicprochat/source', 'module', 'node', 'default'],
      // Its CommonJS form is a bundle itself, whose names rolldown 1.0.0-rc.17 mixes up with its own.
      alias: {
        '@opentelemetry/api': metrics.resolve('@opentelemetry/api').replace(/\.cjs$/, '.mjs'),
      },
    },
  },
  outputOptions: { codeSplitting: false },
  hooks: {
    'build:done': async ({ options }) => {
      await cp(addons, join(options.outDir, '../prebuilds'), {
        recursive: true,
        filter: (path) => path === addons || /\blinux[\w-]*\.node$/.test(path),
      });
    },
  },
});
