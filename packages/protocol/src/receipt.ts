import { transcript } from './transcript.ts';

/**
 * What a relay signs: at this place its log of the group stands so and not otherwise. `head` is a hash over all entries up
 * to there, each chained to the one before. Two receipts of one relay for one place with two heads prove that it showed
 * two logs, to whomever they are shown. Bytes are base64url.
 */
export interface Receipt {
  /** Which branch of the log, see {@link branchOf}: empty where every commit was the first for its epoch. */
  branch: string;
  sequence: number;
  /** SHA-256, 32 bytes. */
  head: string;
  /** Ed25519, 64 bytes, over {@link receiptTranscript}. */
  signature: string;
}

/** The head before the first entry. */
export const FIRST_HEAD = new Uint8Array(32);

/** What of an entry its hash is over: all that readers are given of it, so that two of them cannot be given two things. */
export type EntryContent = { epoch: number; id: string; payload: Uint8Array } & (
  { kind: 'message' } | { kind: 'commit'; candidate: number; nextAccessKey: Uint8Array }
);

export function entryTranscript(entry: EntryContent): Uint8Array<ArrayBuffer> {
  const { kind, epoch, id, payload } = entry;
  const ofCommit = kind === 'commit' ? [entry.candidate, entry.nextAccessKey] : [];
  return transcript('entry', [kind, epoch, id, payload, ...ofCommit]);
}

/** A head is the SHA-256 of this; `entryHash` is the SHA-256 of {@link entryTranscript}. */
export function headTranscript(link: {
  sequence: number;
  previous: Uint8Array;
  entryHash: Uint8Array;
}): Uint8Array<ArrayBuffer> {
  return transcript('head', [link.sequence, link.previous, link.entryHash]);
}

/** The bytes that a receipt's signature is over. */
export function receiptTranscript(
  groupId: string,
  { branch, sequence, head }: { branch: string; sequence: number; head: Uint8Array },
): Uint8Array<ArrayBuffer> {
  return transcript('receipt', [groupId, branch, sequence, head]);
}

/**
 * The branch that a further candidate begins: the place of the candidates, and its number among them. A log has one entry
 * for a place in each branch, so candidates of one epoch are no fork.
 */
export function branchOf(base: string, place: { sequence: number; candidate: number }): string {
  const step = `${place.sequence}.${place.candidate}`;
  return base === '' ? step : `${base}/${step}`;
}
