import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type ConnectionOptions, type NatsConnection } from '@nats-io/transport-node';
import { backoffMs, type BusEvents, type OpenBus } from './bus.ts';

const SUBJECT = 'quicprochat.wake';

/**
 * NATS core as the bus: at most once, and nothing stored, which is all that wake-ups need. A server that is not there
 * stops nothing, at the start as little as later.
 */
export function natsBus(urls: readonly string[]): OpenBus {
  return (events) => {
    const closing = new AbortController();
    const state: { connection?: NatsConnection | undefined } = {};
    const keeping = keepConnected(optionsOf(urls), events, closing.signal, state);
    return {
      // While there is no connection, the client would keep texts in memory, without bound: a hint is rather lost.
      publish: async (text) => {
        if (state.connection === undefined) throw new Error('NATS is not connected');
        state.connection.publish(SUBJECT, text);
      },
      close: async () => {
        closing.abort();
        await state.connection?.drain().catch(() => undefined);
        await keeping;
      },
    };
  };
}

async function keepConnected(
  options: ConnectionOptions,
  events: BusEvents,
  closing: AbortSignal,
  state: { connection?: NatsConnection | undefined },
): Promise<void> {
  for (let failures = 0; !closing.aborted; failures += 1) {
    try {
      const connection = (state.connection = await connect(options));
      closing.throwIfAborted();
      connection.subscribe(SUBJECT, {
        callback: (error, message) => {
          if (error === null) events.onText(message.string());
        },
      });
      // Until the server has the subscription, others' wake-ups pass us by.
      await connection.flush();
      failures = 0;
      events.onConnected();
      await connection.closed();
    } catch {
      // It is tried again, and until then the silence on the bus is noticed.
    }
    await state.connection?.close().catch(() => undefined);
    state.connection = undefined;
    await sleep(backoffMs(failures), undefined, { signal: closing }).catch(() => undefined);
  }
}

/**
 * Reconnecting is ours: the client's own keeps what is published meanwhile. Pings find a server out that is gone without
 * a word. User and password may stand in the address; the client does not look for them there.
 */
function optionsOf(urls: readonly string[]): ConnectionOptions {
  const [first] = urls.map((url) => new URL(url));
  const user = decodeURIComponent(first?.username ?? '');
  const pass = decodeURIComponent(first?.password ?? '');
  return {
    servers: urls.map((url) => new URL(url).host),
    name: 'quicprochat-relay',
    reconnect: false,
    timeout: 5_000,
    pingInterval: 2_000,
    maxPingOut: 2,
    ...(user === '' ? {} : pass === '' ? { token: user } : { user, pass }),
  };
}
