import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { relayAddress, webPort } from './relay-address.ts';

/** `node scripts/dev.ts`: the development server on QPC_WEB_PORT, for the relay that `pnpm dev` starts beside it. */
const root = join(import.meta.dirname, '..');
const [relay, port] = [relayAddress(process.env), webPort(process.env)];
const address = `http://localhost:${port}`;

if (!(await isFree(port))) {
  console.error(`Port ${port} is taken. Stop the program that uses it, or set QPC_WEB_PORT.`);
  process.exit(1);
}
// The built site gets this file when it is sealed; the development server takes it from public/.
await writeFile(join(root, 'public/config.json'), `${JSON.stringify({ relay })}\n`);

const next = spawn('next', ['dev', '--hostname', 'localhost', '--port', String(port)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => next.kill(signal));
next.on('exit', (code) => process.exit(code ?? 0));

// The first page takes the longest, so it is made before anybody waits for it.
while (!(await answers(address))) await sleep(500);
console.log(`Ready: open ${address} (as “localhost”). Its relay is ${relay}. Press Ctrl-C to stop both.`);

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, 'localhost');
  try {
    await once(probe, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    probe.close();
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).body?.cancel();
    return true;
  } catch {
    return false;
  }
}
