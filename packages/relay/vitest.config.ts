import { preset } from '@quicprochat/config/vitest';
import { isHere, natsMissing, postgresMissing } from '@quicprochat/testkit';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** What knows no database. */
const ONCE = ['test/spec.test.ts', 'test/blobs/contract.test.ts'];

/** The same tests on each of the stores; what is true of one alone stands in a folder of its name. */
const STORES = {
  sqlite: { missing: undefined, leftOut: ['test/postgres/**'] },
  postgres: { missing: postgresMissing, leftOut: ['test/sqlite/**', ...ONCE] },
  /** Three relays behind a proxy, each in a process of its own. */
  'postgres-nats': {
    missing: postgresMissing ?? natsMissing,
    leftOut: ['test/sqlite/**', 'test/postgres/**', ...ONCE],
  },
} as const;

export default defineConfig({
  test: { projects: Object.entries(STORES).flatMap(([name, store]) => projectOf(name, store)) },
});

function projectOf(
  name: string,
  { missing, leftOut }: (typeof STORES)[keyof typeof STORES],
): TestProjectInlineConfiguration[] {
  if (!isHere(missing)) return [];
  const test = {
    ...preset.test,
    name,
    exclude: [...leftOut],
    // The collector at hand: what a slow reader holds can only be measured without what nobody holds any more.
    execArgv: [...preset.test.execArgv, '--expose-gc'],
    globalSetup: [...preset.test.globalSetup, 'test/support/servers.ts'],
  };
  return [{ ...preset, test }];
}
