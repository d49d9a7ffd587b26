import { join } from 'node:path';
import { webPort } from './relay-address.ts';
import { createStaticServer } from './static-server.ts';

/** `node scripts/serve.ts [DIR]`: serves the built site on QPC_WEB_PORT, with the headers it should have anywhere. */
const dir = process.argv[2] ?? join(import.meta.dirname, '../out');
try {
  const port = webPort(process.env);
  const server = await createStaticServer(dir);
  server.on('error', (error) => stop(`The web client cannot listen on port ${port}: ${error.message}.`));
  server.listen(port, '127.0.0.1', () => {
    const address = server.address();
    const actual = typeof address === 'object' && address !== null ? address.port : port;
    console.log(`The web client: http://localhost:${actual}`);
  });
} catch (error) {
  const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  stop(missing ? `There is no built site in ${dir}. Build it first.` : String(error));
}

function stop(sentence: string): void {
  console.error(sentence);
  process.exit(1);
}
