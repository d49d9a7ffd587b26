import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Pushed {
  path: string;
  headers: IncomingHttpHeaders;
  bytes: number;
}

/** What stands for a push service: a web server with TLS that notes what it is sent, and answers as the test says. */
export async function startPushService() {
  const { key, cert } = certificate();
  const pushed: Pushed[] = [];
  let answer: number | 'never' = 201;
  const server = createServer({ key, cert }, (request, response) => {
    const one = { path: request.url ?? '', headers: request.headers, bytes: 0 };
    request.on('data', (chunk: Buffer) => (one.bytes += chunk.length));
    request.on('end', () => {
      pushed.push(one);
      if (answer === 'never') return;
      const location = answer === 307 ? { location: '/elsewhere' } : {};
      response.writeHead(answer, location).end('what nobody reads');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `localhost:${(server.address() as AddressInfo).port}`;
  return {
    host,
    ca: cert,
    pushed,
    endpoint: (name: string) => `https://${host}/push/${name}`,
    answerWith: (next: typeof answer) => void (answer = next),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function certificate(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'qpc-push-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')] as const;
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '2'];
  const files = ['-keyout', key, '-out', cert];
  const made = spawnSync('openssl', ['req', '-x509', ...kind, ...subject, ...files], { encoding: 'utf8' });
  if (made.error !== undefined) throw new Error('openssl is not here: apt-get install openssl');
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
  const read = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  rmSync(folder, { recursive: true });
  return read;
}
