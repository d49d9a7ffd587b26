import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

/**
 * The post-quantum suite is in it; peers ship 2.1 to 3.9 MB gzip. A commit that has to raise a ceiling says what the
 * bytes buy.
 */
const CEILING = { raw: 2_000_000, gzip: 700_000 };

test('the wasm stays within its budget', async () => {
  const wasm = await readFile(new URL('../artefact/quicprochat_wasm_bg.wasm', import.meta.url));
  expect(wasm.length).toBeLessThanOrEqual(CEILING.raw);
  expect(gzipSync(wasm, { level: 9 }).length).toBeLessThanOrEqual(CEILING.gzip);
});
