/**
 * The SDK of quicprochat: end-to-end encrypted groups that heal by themselves. Start at {@link Client}.
 * Importing it has no effects, so it is safe on a server.
 */
export { Client, type ClientOptions, type UpdatePolicy } from './api/client.ts';
export type { Compared, Contacts } from './api/contacts.ts';
export type { Conversation } from './api/conversation.ts';
export type { Keys, KeySlot, PassphraseOptions, SecretOptions } from './api/keys.ts';
export type { PassphraseCost } from './model/key-slot-parts.ts';
export type { PasskeyReference } from './keys/slots.ts';
export type { Unlock } from './keys/unlock.ts';
export type { Conversations, CreateOptions } from './api/conversations.ts';
export type { Connection } from './sync/live.ts';
export type { ConversationState } from './state/rows.ts';
export type { WaitingChange } from './outbox/waiting.ts';
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
  type ErrorReasons,
  type SdkErrorCode,
} from './model/errors.ts';
export type { CatchingUp } from './log/reader.ts';
export { findFork, parseLogStatement, type Fork, type LogStatement } from './log/fork.ts';
export type { Members } from './api/members.ts';
export type { Content, Message, SentMessage } from './model/message.ts';
export { isolated, visible, withoutInvisible } from './model/visible.ts';
export type {
  Clock,
  Net,
  Platform,
  PublicCrypto,
  Random,
  Timers,
  WorkerLike,
  WorkerPort,
  WorkerSource,
} from './platform/platform.ts';
export type { Member, MemberSecurity, Security } from './api/security.ts';
export { askPasskey, createPasskey } from './platform/passkey.ts';
export { indexedDbStorage } from './storage/indexeddb.ts';
export { memoryStorage } from './storage/memory.ts';
export {
  RING_PREFIX,
  StorageConflict,
  type DeviceKey,
  type DeviceKeyInput,
  type KeptKey,
  type KeyRing,
  type KeySlotStorage,
  type ScanRange,
  type Storage,
  type StorageWrite,
  type StoredRow,
} from './storage/storage.ts';
