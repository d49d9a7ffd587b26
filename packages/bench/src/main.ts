import { parseArgs } from 'node:util';
import { benchCore } from './core/main.ts';

/**
 * `pnpm bench core`: measures the core beside its peers. Fails where a size has grown past the committed baseline;
 * times are only reported.
 *
 *   --quick               a smoke run of two minutes, without Rust
 *   --only FILTER         suite=3,n=100|1000,tree=bare|full|half-blank,story=update|message: only these, printed only
 *   --contenders LIST     of openmls, native, wasm, ts-mls, chromium, core-crypto
 *   --update              writes the baseline anew
 *   --publish             writes results and plots also after a part; a whole run does so by itself
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean' },
    only: { type: 'string' },
    contenders: { type: 'string' },
    update: { type: 'boolean' },
    publish: { type: 'boolean' },
  },
});
const suites = positionals.length === 0 ? ['core'] : positionals;
for (const suite of suites) {
  if (suite !== 'core') throw new Error(`there is no benchmark ${suite}: use core`);
}
await benchCore(values);
