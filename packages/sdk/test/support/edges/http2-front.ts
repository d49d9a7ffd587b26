import { spawnSync } from 'node:child_process';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endChild, freePort, startChild } from '@quicprochat/testkit';

/** The sentence for a machine without Caddy; undefined if it is there. */
export const caddyMissing =
  spawnSync('caddy', ['version']).status === 0
    ? undefined
    : 'The tests of many tabs need Caddy: install the Debian package "caddy".';

/** An address of a relay that speaks HTTP/2. */
export interface Http2Front {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts Caddy in front of a relay, as operators do. A browser opens six connections to a server that speaks HTTP/1.1
 * only, and each tab of a client needs two for its streams. The certificate is of a CA that nobody knows.
 */
export async function startHttp2Front(relayUrl: string): Promise<Http2Front> {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-caddy-'));
  const url = `https://localhost:${await freePort()}`;
  const config = join(folder, 'Caddyfile');
  await writeFile(
    config,
    `{
      admin off
      skip_install_trust
      auto_https disable_redirects
      storage file_system ${folder}
    }
    ${url} {
      tls internal
      reverse_proxy ${new URL(relayUrl).host} {
        flush_interval -1
      }
    }`,
  );
  const child = await startChild('caddy', ['run', '--adapter', 'caddyfile', '--config', config], {
    folder,
    ready: /serving initial configuration/,
  });
  return { url, close: () => endChild(child, 'SIGKILL') };
}
