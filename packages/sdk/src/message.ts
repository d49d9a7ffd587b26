import type { ErrorCode } from './errors.ts';

/** One line of a conversation's history. */
export interface Message {
  /** 32 hex digits, chosen by the sender; the same for everyone. */
  id: string;
  conversationId: string;
  /** Where it stands in this device's history: grows by one with each line. */
  position: number;
  /** Handle of the member who sent it, as the MLS leaf that signed it says; never taken from the content. */
  from: string;
  own: boolean;
  /** The epoch it was sealed in. */
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
  /** The member made fresh keys: whoever copied their old ones is locked out from here on. */
  | { type: 'healed'; handle: string }
  /** Something that cannot be opened here; the code says why. */
  | { type: 'undecryptable'; code: ErrorCode | 'UNSUPPORTED_CONTENT' | 'MALFORMED_CONTENT' };

/** What `send` gives once the relay has accepted a message. */
export interface SentMessage {
  id: string;
  epoch: number;
}
