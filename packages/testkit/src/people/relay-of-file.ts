import { rm } from 'node:fs/promises';
import { startRelay, type RelayOptions, type RelayProcess } from '../servers/relay-process.ts';

/**
 * The hooks of the test runner, as arguments: the runner knows only those that it gave to the test file itself, and this
 * package is also used outside of tests.
 */
export interface Hooks {
  beforeAll: (work: () => Promise<void>) => void;
  afterEach: (work: () => Promise<void>) => void;
  afterAll: (work: () => Promise<void>) => void;
}

export interface RelayOfFile {
  relay: () => RelayProcess;
  /** A handle that nobody else in this file has. */
  handleFor: (name: string) => string;
}

/** A relay process for a test file, from before its first test until after its last one. */
export function relayOfFile({ beforeAll, afterAll }: Hooks, options: RelayOptions = {}): RelayOfFile {
  let relay: RelayProcess;
  let counter = 0;
  beforeAll(async () => {
    relay = await startRelay(options);
  });
  afterAll(async () => {
    await relay.kill();
    await rm(relay.folder, { recursive: true, force: true });
  });
  return { relay: () => relay, handleFor: (name) => `${name}-${++counter}` };
}
