import { join } from 'node:path';
import { readHeaders } from './export-dir.ts';
import { hostHeaders, HOSTS } from './host-headers.ts';

/** `node scripts/headers.ts caddy|nginx [DIR]`: prints the headers of the built and sealed site for that web server. */
const [name, dir = join(import.meta.dirname, '../out')] = process.argv.slice(2);
const host = HOSTS.find((known) => known === name);
if (host === undefined) stop(`Name a web server: ${HOSTS.join(' or ')}.`);
else {
  try {
    process.stdout.write(hostHeaders(host, await readHeaders(dir)));
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    stop(missing ? `There is no built site in ${dir}. Build it first.` : String(error));
  }
}

function stop(sentence: string): void {
  console.error(sentence);
  process.exitCode = 1;
}
