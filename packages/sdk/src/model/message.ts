import type { ErrorCode } from './errors.ts';

/** One line of a conversation's history. */
export interface Message {
  /** 32 hex digits. The sender chooses them, and they are the same for everyone. */
  id: string;
  conversationId: string;
  /** The line's place in this device's history. It grows by one with each line. */
  position: number;
  /** The sender's handle. It comes from the MLS leaf that signed the message, never from the content. */
  from: string;
  own: boolean;
  /** The epoch in which it was encrypted. */
  epoch: number;
  /** By the sender's clock. */
  sentAtMs: number;
  /** By this device's clock. */
  receivedAtMs: number;
  /** `queued` until the relay has accepted it. */
  state: 'queued' | 'sent' | 'failed' | 'received';
  content: Content;
}

/** What a line says. */
export type Content =
  | { type: 'text'; text: string }
  | { type: 'members-added'; handles: string[] }
  | { type: 'members-removed'; handles: string[] }
  | { type: 'left'; handle: string }
  | { type: 'renamed'; name: string }
  /** The member made fresh keys. Anyone who copied the old ones is locked out from here on. */
  | { type: 'healed'; handle: string }
  /**
   * A message in the conversation is from this device, and this storage has not written it: it was put back to an earlier
   * state, or a copy of it is in use. This device heals before it sends anything else.
   */
  | { type: 'copied' }
  /** This device cannot open the line; the code says why. */
  | { type: 'undecryptable'; code: ErrorCode | 'UNSUPPORTED_CONTENT' | 'MALFORMED_CONTENT' };

/** What `send` returns when the relay has accepted a message. */
export interface SentMessage {
  id: string;
  epoch: number;
}
