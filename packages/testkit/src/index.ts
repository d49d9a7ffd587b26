/** What tests of several rooms share. Private: nothing that ships may import it. */
export { startRelay, type RelayProcess, type RelayOptions } from './relay-process.ts';
export { findPlaintext } from './plaintext.ts';
export { eventually } from './eventually.ts';
