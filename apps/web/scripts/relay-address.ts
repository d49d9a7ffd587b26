/** A process environment, of which the web client's scripts read QPC_RELAY, QPC_PORT and QPC_WEB_PORT. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The origin of the relay that the pages talk to: QPC_RELAY, or else the one that `pnpm dev` starts on this machine.
 *
 * @throws {Error} with one sentence, where it is no http or https address
 */
export function relayAddress({ QPC_RELAY = '', QPC_PORT = '' }: Environment): string {
  const address = QPC_RELAY === '' ? `http://localhost:${QPC_PORT === '' ? '4000' : QPC_PORT}` : QPC_RELAY;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new Error('QPC_RELAY must be an http or https address, such as http://localhost:4000.');
  }
  return url.origin;
}

/** The port that the pages are served on: QPC_WEB_PORT, or 3000. */
export function webPort({ QPC_WEB_PORT = '' }: Environment): number {
  const port = QPC_WEB_PORT === '' ? 3000 : Number(QPC_WEB_PORT);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error('QPC_WEB_PORT must be a port number, such as 3000.');
}
