import { createInterface } from 'node:readline';
import { answerer } from './play.ts';
import type { Request } from './scenario.ts';

/** A contender in a Node process of its own: one request a line in, one answer a line out, as the native ones do. */
const answer =
  process.argv[2] === 'ts-mls'
    ? answerer((await import('./ts-mls.ts')).tsMlsEngine())
    : answerer(await (await import('./ours.ts')).ourEngine());

for await (const line of createInterface({ input: process.stdin })) {
  const result = await answer(JSON.parse(line) as Request).catch((error: unknown) => ({
    error: error instanceof Error ? error.message : String(error),
  }));
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
