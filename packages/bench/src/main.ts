import { parseArgs } from 'node:util';

/**
 * `pnpm bench core`: measures the core beside its peers. Fails where a size has grown past the committed baseline;
 * times are only reported.
 *
 *   --quick               a smoke run of two minutes, without Rust
 *   --only FILTER         suite=3,n=100|1000,tree=bare|full|half-blank,story=update|message: only these, printed only
 *   --contenders LIST     of openmls, native, wasm, ts-mls, chromium, core-crypto
 *   --update              writes the baseline anew
 *   --publish             writes results and plots also after a part; a whole run does so by itself
 *
 * `pnpm bench relay`: a relay under load. Fails where nothing came through or something was lost; times are only
 * reported.
 *
 *   --quick               a smoke run of half a minute at most
 *   --store STORE         sqlite (the default) or postgres
 *   --streams N           idle streams, and the storm
 *   --log N               entries of the longest log; 1000000 unless it is said, and at most
 *
 * `pnpm bench sdk`: the SDK at a real relay. With --quick, fails if a count (commits, calls, bytes) has grown past the
 * committed baseline; times are only reported.
 *
 *   --quick               the sizes of the baseline
 *   --only LIST           of create, send, sustained, latency, catch-up, account
 *   --conversations LIST  sizes of the account, for example 20,80,500
 *   --against REVISION    measures another revision's SDK and relay beside this one, in turn, and reports ratios
 *   --update              with --quick: writes the baseline anew
 *   --publish             writes the results also after a part; a whole run does so by itself
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean' },
    only: { type: 'string' },
    contenders: { type: 'string' },
    update: { type: 'boolean' },
    publish: { type: 'boolean' },
    store: { type: 'string' },
    streams: { type: 'string' },
    log: { type: 'string' },
    conversations: { type: 'string' },
    against: { type: 'string' },
  },
});
const suites = positionals.length === 0 ? ['core'] : positionals;
for (const suite of suites) {
  // Loaded when it is wanted: the core and its peers would weigh on the driver of the relay.
  if (suite === 'core') await (await import('./core/main.ts')).benchCore(values);
  else if (suite === 'relay') await (await import('./relay/main.ts')).benchRelay(values);
  else if (suite === 'sdk') await (await import('./sdk/main.ts')).benchSdk(values);
  else throw new Error(`there is no benchmark ${suite}: use core, relay or sdk`);
}
