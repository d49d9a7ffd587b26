/**
 * React hooks for the SDK. Each hook reads one part of a {@link Client} and renders again when that part changes. To act,
 * call the SDK's own methods on the objects in the snapshots.
 */
export { ClientProvider, useClient, type ClientProviderProps } from './client-context.tsx';
export { type ConversationSnapshot } from './conversation-snapshot.ts';
export { type MessagesSnapshot, type WindowPlace } from './message-window.ts';
export { countsAsUnread } from './unread.ts';
export { useAction, type Action } from './use-action.ts';
export { useConnection, useTrouble } from './use-connection.ts';
export { useConversation } from './use-conversation.ts';
export { useConversations } from './use-conversations.ts';
export { useMessages, type Messages } from './use-messages.ts';
export { useSafetyNumber, type SafetyNumber } from './use-safety-number.ts';
export { useSecurity } from './use-security.ts';
