import { preset } from '@quicprochat/config/vitest';
import { isHere, natsMissing, postgresMissing } from '@quicprochat/testkit';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** What knows no database. */
const ONCE = ['test/spec.test.ts', 'test/blobs/contract.test.ts'];

/** What depends on how relays wake each other. Without NATS, only this runs; `pnpm prove stores` runs everything. */
const WAKING = ['test/postgres/**', 'test/streams.test.ts', 'test/signals.test.ts', 'test/follow.test.ts'];

interface Store {
  /** What is not here and it needs. */
  missing: string | undefined;
  /** All tests, unless this says otherwise. */
  include?: readonly string[] | undefined;
  leftOut: readonly string[];
}

/** The same tests on each of the stores; what is true of one alone stands in a folder of its name. */
const STORES: Record<string, Store> = {
  sqlite: { missing: undefined, leftOut: ['test/postgres/**'] },
  postgres: {
    missing: postgresMissing,
    include: process.env['QPC_EVERY_RULE'] === undefined ? WAKING : undefined,
    leftOut: ['test/sqlite/**', ...ONCE],
  },
  /** Three relays behind a proxy, each in a process of its own. */
  'postgres-nats': {
    missing: postgresMissing ?? natsMissing,
    leftOut: ['test/sqlite/**', 'test/postgres/**', ...ONCE],
  },
};

export default defineConfig({
  test: { projects: Object.entries(STORES).flatMap(([name, store]) => projectOf(name, store)) },
});

function projectOf(
  name: string,
  { missing, include = preset.test.include, leftOut }: Store,
): TestProjectInlineConfiguration[] {
  if (!isHere(missing)) return [];
  const test = {
    ...preset.test,
    name,
    include: [...include],
    exclude: [...leftOut],
    // The collector at hand: what a slow reader holds can only be measured without what nobody holds any more.
    execArgv: [...preset.test.execArgv, '--expose-gc'],
    globalSetup: [...preset.test.globalSetup, 'test/support/servers.ts'],
  };
  return [{ ...preset, test }];
}
