import { startNats, startPostgres } from '@quicprochat/testkit';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    store: 'sqlite' | 'postgres';
    /** Empty on SQLite. */
    postgresUrl: string;
    /** Empty where the relays use PostgreSQL for wake-ups, too, or need none. */
    natsUrl: string;
  }
}

/** Starts what the relays of one project need, and stops it after its last test. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = project.name === 'sqlite' ? undefined : await startPostgres();
  const nats = project.name === 'postgres-nats' ? await startNats() : undefined;
  project.provide('store', postgres === undefined ? 'sqlite' : 'postgres');
  project.provide('postgresUrl', postgres?.url ?? '');
  project.provide('natsUrl', nats?.url ?? '');
  return async () => {
    await postgres?.remove();
    await nats?.remove();
  };
}
