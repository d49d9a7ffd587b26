import { toBase64Url, type EntryId } from '@quicprochat/protocol';
import { sdkError } from '../model/errors.ts';
import type { Platform } from '../platform/platform.ts';
import { newEntryId } from '../model/entry-id.ts';
import { encodePayload, MAX_NAME_LENGTH, MAX_PAYLOAD_BYTES } from './payload.ts';

/** What goes into a message's ciphertext, under the id it will have everywhere. */
export interface EncodedMessage {
  id: EntryId;
  atMs: number;
  bytes: string;
}

/** @throws {UsageError} INVALID_ARGUMENT (empty, or no text at all), MESSAGE_TOO_LARGE (over 64 KiB as it is encoded) */
export function encodeText(platform: Platform, text: string): EncodedMessage {
  if (typeof text !== 'string' || text === '')
    throw sdkError('INVALID_ARGUMENT', 'A message must not be empty. Write something, then send it.');
  return encode(platform, (base) => {
    const payload = { ...base, type: 'text' as const, text };
    // It may have to be said again, and must have room to say so: otherwise those who have it would show it twice.
    requireSendableSize(encodePayload({ ...payload, again: true }));
    return payload;
  });
}

/** @throws {UsageError} MESSAGE_TOO_LARGE */
export function requireSendableSize(encoded: Uint8Array): void {
  if (encoded.length > MAX_PAYLOAD_BYTES) {
    throw sdkError(
      'MESSAGE_TOO_LARGE',
      'A message can have at most 64 KiB. Shorten it, or send it in parts.',
    );
  }
}

/**
 * `reminder`: for newcomers, who have not read the message that named the conversation.
 *
 * @throws {UsageError} INVALID_ARGUMENT where it is longer than 128 characters
 */
export function encodeName(platform: Platform, name: string, { reminder = false } = {}): EncodedMessage {
  if (typeof name !== 'string' || name.length > MAX_NAME_LENGTH) {
    throw sdkError(
      'INVALID_ARGUMENT',
      `A conversation’s name can have at most ${MAX_NAME_LENGTH} characters. Choose a shorter one.`,
    );
  }
  return encode(platform, (base) => ({ ...base, type: 'name', name, ...(reminder && { reminder }) }));
}

type Base = { v: 1; id: EntryId; at: number };

function encode(
  platform: Platform,
  complete: (base: Base) => Parameters<typeof encodePayload>[0],
): EncodedMessage {
  const id = newEntryId(platform.random);
  const at = platform.clock.now();
  return { id, atMs: at, bytes: toBase64Url(encodePayload(complete({ v: 1, id, at }))) };
}
