import { startPostgres } from '@quicprochat/testkit';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    store: 'sqlite' | 'postgres';
    /** Empty on SQLite. */
    postgresUrl: string;
  }
}

/** Starts what the relays of one project need, and stops it after its last test. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const store = project.name === 'sqlite' ? 'sqlite' : 'postgres';
  const postgres = store === 'postgres' ? await startPostgres() : undefined;
  project.provide('store', store);
  project.provide('postgresUrl', postgres?.url ?? '');
  return async () => postgres?.remove();
}
