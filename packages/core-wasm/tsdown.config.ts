import { defineConfig } from 'tsdown';

export default defineConfig({
  entry: ['src/browser.ts', 'src/bundled.ts', 'src/bundled-node.ts', 'src/node.ts'],
  format: 'esm',
  platform: 'neutral',
  dts: true,
  fixedExtension: false,
  // The glue finds its wasm beside itself, so it is not bundled: `../artefact` is the same from src/ and from dist/.
  deps: { neverBundle: [/artefact/, /^node:/] },
});
