import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRelay } from './relay.ts';
import { tell } from './story.ts';

/** `pnpm demo`: a real relay process and real clients; every line is measured. Exit code 1 where a claim did not hold. */
const folder = await mkdtemp(join(tmpdir(), 'quicprochat-demo-'));
const relay = await startRelay(folder);
try {
  process.exitCode = (await tell(relay, folder)) ? 0 : 1;
} finally {
  await relay.stop();
  await rm(folder, { recursive: true, force: true });
}
