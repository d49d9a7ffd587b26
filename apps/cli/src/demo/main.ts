import { cleanUp, startRelay, type DemoRelay } from './relay.ts';
import { tell } from './story.ts';

/** `pnpm demo`: a real relay process and real clients; every line is measured. Exit code 1 where a claim did not hold. */
let relay: DemoRelay | undefined;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void finish(130));
}
try {
  relay = await startRelay();
  await finish((await tell(relay)) ? 0 : 1);
} catch (error) {
  console.error(`\nThe demo stopped: ${error instanceof Error ? error.message : 'unknown reason'}`);
  await finish(1);
}

async function finish(exitCode: number): Promise<never> {
  await relay?.stop();
  await cleanUp();
  process.exit(exitCode);
}
