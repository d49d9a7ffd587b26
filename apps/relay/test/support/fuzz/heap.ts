import { fileURLToPath } from 'node:url';
import type { RelayProcess } from '@quicprochat/testkit';

const COLLECTOR = fileURLToPath(new URL('collect-on-signal.ts', import.meta.url));

/** The environment of a relay that {@link heapOf} can ask. */
export const withCollector = { NODE_OPTIONS: `--import=${COLLECTOR}` };

/** Bytes that a relay holds and cannot let go of, by its own metrics. */
export async function heapOf({ pid, adminUrl }: RelayProcess): Promise<number> {
  // What waits for a finaliser is let go of by the collection after it.
  for (let i = 0; i < 3; i += 1) {
    process.kill(pid, 'SIGUSR2');
    // A signal is taken before the next request is.
    await fetch(`${adminUrl}/livez`);
  }
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  return sumOf(metrics, 'nodejs_heap_size_used_bytes') + sumOf(metrics, 'nodejs_external_memory_bytes');
}

function sumOf(metrics: string, name: string): number {
  const value = new RegExp(`^quicprochat_relay_${name} (\\S+)$`, 'm').exec(metrics)?.[1];
  if (value === undefined) throw new Error(`the relay does not tell ${name}`);
  return Number(value);
}
