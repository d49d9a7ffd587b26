/**
 * The SDK of quicprochat: end-to-end encrypted groups that heal by themselves. Start at {@link Client}.
 * Importing it has no effects, so it is safe on a server.
 */
export { Client, type ClientOptions, type UpdatePolicy } from './client.ts';
export type { Compared, Contacts } from './contacts.ts';
export type { Conversation } from './conversation.ts';
export type { Conversations, CreateOptions } from './conversations.ts';
export type { Connection } from './engine/live.ts';
export type { ConversationState } from './engine/rows.ts';
export type { WaitingChange } from './engine/waiting.ts';
export {
  CryptoVerificationError,
  InternalError,
  QuicprochatError,
  StorageError,
  toSentence,
  TransportError,
  UsageError,
  ValidationError,
  type CoreErrorCode,
  type ErrorCode,
  type SdkErrorCode,
} from './errors.ts';
export { findFork, parseLogStatement, type Fork, type LogStatement } from './fork.ts';
export type { Members } from './members.ts';
export type { Content, Message, SentMessage } from './message.ts';
export type {
  Clock,
  Net,
  Platform,
  Random,
  Timers,
  WorkerLike,
  WorkerPort,
  WorkerSource,
} from './platform/platform.ts';
export type { Member, MemberSecurity, Security } from './security.ts';
export { indexedDbStorage } from './storage/indexeddb.ts';
export { memoryStorage } from './storage/memory.ts';
export {
  StorageConflict,
  type ScanRange,
  type Storage,
  type StorageWrite,
  type StoredRow,
} from './storage/storage.ts';
