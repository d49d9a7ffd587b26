import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { defineConfig } from 'tsdown';

const WASM = createRequire(import.meta.url).resolve(
  '@quicprochat/core-wasm/artefact/quicprochat_wasm_bg.wasm',
);

/** The protocol and the core are part of the package: whoever installs it installs one thing. */
const shared = {
  format: 'esm',
  fixedExtension: false,
  target: 'es2023',
  inputOptions: { resolve: { conditionNames: ['@quicprochat/source', 'import', 'default'] } },
} as const;
const inlined = [/^@quicprochat\//];

export default defineConfig([
  {
    ...shared,
    entry: {
      index: 'src/index.ts',
      node: 'src/node.ts',
      'platform-node': 'src/platform/node.ts',
      'platform-browser': 'src/platform/browser.ts',
    },
    platform: 'neutral',
    deps: { neverBundle: ['#platform', /^node:/], alwaysBundle: inlined },
    // What only the SDK calls stays out of the types: else they would bring the relay's and tRPC's along.
    dts: { compilerOptions: { stripInternal: true } },
  },
  {
    // Bundlers copy a worker's file and leave its imports alone: so it has none.
    ...shared,
    entry: { worker: 'src/worker/entry-browser.ts' },
    platform: 'browser',
    // It imports and exports nothing, by which Turbopack takes it for CommonJS, and warns.
    outputOptions: { footer: 'export {};' },
    deps: { alwaysBundle: [/.*/] },
    clean: false,
    dts: false,
  },
  {
    ...shared,
    inputOptions: { resolve: { conditionNames: ['@quicprochat/source', 'node', 'import', 'default'] } },
    entry: { 'worker-node': 'src/worker/entry-node.ts' },
    platform: 'node',
    deps: { alwaysBundle: [/.*/] },
    clean: false,
    dts: false,
    onSuccess: () => copyFile(WASM, 'dist/quicprochat_wasm_bg.wasm'),
  },
]);
