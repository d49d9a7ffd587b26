import type { RelayErrorCode, StreamEvent } from '@quicprochat/protocol';
import type { Rate, Share } from './limits/rates.ts';
import type { Expired } from './store/retention.ts';

/**
 * What a relay tells its operator's metrics, as it happens. Nothing in it says whose call, whose stream or which group it
 * was: every field is one of a few fixed words, or a duration.
 */
export type Observed =
  /** How one call ended. */
  | { type: 'call'; procedure: string; outcome: 'OK' | RelayErrorCode; durationMs: number }
  /** A request that was turned away before it became a call: too many at once, the relay is shutting down, or the client speaks another protocol. */
  | { type: 'refused'; reason: 'calls' | 'bytes' | 'streams' | 'uploads' | 'closing' | 'protocol' }
  /** A limit was reached: a call was refused, or a claim got the last-resort key package. */
  | { type: 'limited'; limit: Rate | Share | 'inbox' | 'disk' }
  | { type: 'stream-opened' | 'stream-closed'; kind: 'inbox' | 'groups' }
  /** An event that was given to a stream. */
  | { type: 'delivered'; event: StreamEvent['type'] }
  /** A stream was cut off, because its reader took nothing for too long. */
  | { type: 'dropped' }
  /** Bytes of a blob went one way or the other, and how that ended; `cut` is before its end, by either side. */
  | {
      type: 'transfer';
      direction: 'upload' | 'download';
      outcome: 'OK' | 'cut' | RelayErrorCode;
      bytes: number;
    }
  /** A device was told, through its push service, that something came; `gone` where the service knows it no more. */
  | { type: 'pushed'; outcome: 'taken' | 'gone' | 'failed' }
  /** What was over and is deleted. */
  | ({ type: 'expired'; blobs: number } & Expired)
  /** A statement that the store carried out; `commit` waits for the disk, on SQLite for all that was written together. */
  | { type: 'query'; kind: 'read' | 'write' | 'commit'; durationMs: number };

export type Observe = (observed: Observed) => void;
