import type { Observe } from '@quicprochat/relay';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What is measured. No metric names a handle, a device, a group or an address: every label has few, fixed values. */
export interface Metrics {
  readonly registry: Registry;
  readonly observe: Observe;
}

const PREFIX = 'quicprochat_relay_';

/** From a page that lies in memory to a disk that does not keep up. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: PREFIX });
  const registers = [registry];
  const calls = new Counter({
    name: `${PREFIX}calls_total`,
    help: 'Calls, by procedure and by result: OK or an error code.',
    labelNames: ['procedure', 'outcome'],
    registers,
  });
  const callSeconds = new Histogram({
    name: `${PREFIX}call_seconds`,
    help: 'Time from the start of a call to its result.',
    labelNames: ['procedure'],
    buckets: SECONDS,
    registers,
  });
  const refused = new Counter({
    name: `${PREFIX}refused_total`,
    help: 'Requests rejected before they became calls, because there were too many calls, streams or uploads, because the relay is closing, or because the client speaks another protocol.',
    labelNames: ['reason'],
    registers,
  });
  const limited = new Counter({
    name: `${PREFIX}limited_total`,
    help: 'Limits reached: calls refused because of a rate, a quota, a full inbox or the disk, and claims that got the last-resort key package.',
    labelNames: ['limit'],
    registers,
  });
  const streams = new Gauge({
    name: `${PREFIX}streams`,
    help: 'Open streams, by what they follow.',
    labelNames: ['kind'],
    registers,
  });
  const delivered = new Counter({
    name: `${PREFIX}stream_events_total`,
    help: 'Events sent to streams, by type.',
    labelNames: ['event'],
    registers,
  });
  const dropped = new Counter({
    name: `${PREFIX}slow_readers_total`,
    help: 'Streams closed because their readers read nothing for too long.',
    registers,
  });
  const transfers = new Counter({
    name: `${PREFIX}transfers_total`,
    help: 'Uploads and downloads of attachments, by result: OK, cut or an error code.',
    labelNames: ['direction', 'outcome'],
    registers,
  });
  const transferBytes = new Counter({
    name: `${PREFIX}transfer_bytes_total`,
    help: 'Bytes of attachments uploaded and downloaded.',
    labelNames: ['direction'],
    registers,
  });
  const pushed = new Counter({
    name: `${PREFIX}pushes_total`,
    help: 'Pushes to push services, by result.',
    labelNames: ['outcome'],
    registers,
  });
  const storeSeconds = new Histogram({
    name: `${PREFIX}store_seconds`,
    help: 'Time that the store took for a statement; commit waits for the disk.',
    labelNames: ['kind'],
    buckets: SECONDS,
    registers,
  });
  const expired = new Counter({
    name: `${PREFIX}expired_total`,
    help: 'Expired rows deleted, by kind.',
    labelNames: ['what'],
    registers,
  });
  // So that a rate over them is 0 and not "no data" before the first.
  for (const reason of ['calls', 'bytes', 'streams', 'uploads', 'closing', 'protocol'])
    refused.inc({ reason }, 0);
  for (const limit of ['storedBytes', 'inbox', 'disk']) limited.inc({ limit }, 0);
  for (const kind of ['inbox', 'groups']) streams.set({ kind }, 0);
  for (const direction of ['upload', 'download']) transferBytes.inc({ direction }, 0);

  const observe: Observe = (observed) => {
    switch (observed.type) {
      case 'call': {
        const { procedure, outcome, durationMs } = observed;
        calls.inc({ procedure, outcome });
        return callSeconds.observe({ procedure }, durationMs / 1_000);
      }
      case 'refused':
        return refused.inc({ reason: observed.reason });
      case 'limited':
        return limited.inc({ limit: observed.limit });
      case 'stream-opened':
        return streams.inc({ kind: observed.kind });
      case 'stream-closed':
        return streams.dec({ kind: observed.kind });
      case 'delivered':
        return delivered.inc({ event: observed.event });
      case 'dropped':
        return dropped.inc();
      case 'transfer': {
        const { direction, outcome, bytes } = observed;
        transfers.inc({ direction, outcome });
        return transferBytes.inc({ direction }, bytes);
      }
      case 'pushed':
        return pushed.inc({ outcome: observed.outcome });
      case 'expired':
        expired.inc({ what: 'key_packages' }, observed.keyPackages);
        expired.inc({ what: 'spent_key_packages' }, observed.spentKeyPackages);
        expired.inc({ what: 'welcomes' }, observed.welcomes);
        return expired.inc({ what: 'blobs' }, observed.blobs);
      case 'query':
        return storeSeconds.observe({ kind: observed.kind }, observed.durationMs / 1_000);
    }
  };
  return { registry, observe };
}
