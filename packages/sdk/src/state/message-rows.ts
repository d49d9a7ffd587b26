import type { Message } from '../model/message.ts';
import type { StoredRow } from '../storage/storage.ts';
import { decodeRow, encodeRow } from './codec.ts';
import { placeOf } from './rows.ts';

/** A line of a history as it is stored: its key says which conversation it belongs to, and where it stands there. */
export type MessageRow = Omit<Message, 'conversationId' | 'position'>;

export function encodeMessage(message: Message): Uint8Array {
  const { id, from, own, epoch, sentAtMs, receivedAtMs, state, content } = message;
  const row: MessageRow = { id, from, own, epoch, sentAtMs, receivedAtMs, state, content };
  return encodeRow(row);
}

/** @throws {StorageError} STORE_CORRUPT */
export function messageOf({ key, value }: StoredRow): Message {
  return { ...(decodeRow(key, value) as MessageRow), ...placeOf(key) };
}
