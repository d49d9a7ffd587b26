import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Browser } from './browser.ts';
import type { Contender } from './matrix.ts';
import type { Peer } from './peer.ts';
import type { Observation } from './scenario.ts';

/** What some contenders need first. */
export interface Ground {
  /** The native program. */
  program: string | undefined;
  browser: Browser | undefined;
}

export async function startPeer(contender: Contender, ground: Ground): Promise<Peer> {
  switch (contender) {
    case 'openmls':
      return processPeer(needed(ground.program), ['openmls']);
    case 'native':
      return processPeer(needed(ground.program), ['ours']);
    case 'wasm':
    case 'ts-mls':
      return processPeer(process.execPath, [
        '--conditions=@quicprochat/source',
        new URL('child.ts', import.meta.url).pathname,
        contender,
      ]);
    case 'chromium':
      return needed(ground.browser).open('ours');
    case 'core-crypto':
      return needed(ground.browser).open('core-crypto');
  }
}

function needed<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('this contender was not made ready');
  return part;
}

/** A process that answers lines of JSON. openmls would use every core: one thread, as WebAssembly has. */
function processPeer(command: string, args: string[]): Peer {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, RAYON_NUM_THREADS: '1' },
  });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await answers.next();
      if (done === true) throw new Error('the process has ended');
      const answer = JSON.parse(value) as Observation | { error: string };
      if ('error' in answer) throw new Error(answer.error);
      return answer;
    },
    async close() {
      if (child.exitCode !== null) return;
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}
