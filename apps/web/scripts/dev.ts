import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { relayAddress, webPort } from './relay-address.ts';

/** `node scripts/dev.ts`: the development server on QPC_WEB_PORT, for the relay that `pnpm dev` starts beside it. */
const root = join(import.meta.dirname, '..');
const [relay, port] = [relayAddress(process.env), webPort(process.env)];

// The built site gets this file when it is sealed; the development server takes it from public/.
await writeFile(join(root, 'public/config.json'), `${JSON.stringify({ relay })}\n`);

console.log(`The web client: http://localhost:${port} (open it as “localhost”); its relay: ${relay}`);
const next = spawn('next', ['dev', '--hostname', 'localhost', '--port', String(port)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1' },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => next.kill(signal));
next.on('exit', (code) => process.exit(code ?? 0));
