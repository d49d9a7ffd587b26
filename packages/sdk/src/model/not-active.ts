import { sdkError, type QuicprochatError } from './errors.ts';

/** Why nothing can be said or changed in a conversation of this state, with the sentence for a person. */
export function notActive(state: 'leaving' | 'left' | 'removed' | 'stuck'): QuicprochatError {
  switch (state) {
    case 'leaving':
      return sdkError(
        'CONVERSATION_ENDED',
        'You are leaving this conversation, so nothing more can be sent there. To come back, ask a member to add you again.',
      );
    case 'left':
      return sdkError(
        'CONVERSATION_ENDED',
        'You have left this conversation. To come back, ask a member to add you again.',
      );
    case 'removed':
      return sdkError(
        'CONVERSATION_ENDED',
        'You were removed from this conversation. To come back, ask a member to add you again.',
      );
    case 'stuck':
      return sdkError(
        'CONVERSATION_STUCK',
        'This device can no longer follow the conversation. Ask a member to remove you and add you again.',
      );
  }
}
