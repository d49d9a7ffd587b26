import { sdkError } from '../model/errors.ts';
import type { Platform } from '../platform/platform.ts';
import type { Relay } from '../transport/relay.ts';
import type { Driver } from '../sync/driver.ts';
import type { Ledger } from '../state/ledger.ts';
import type { ConversationRow } from '../state/rows.ts';
import { forked } from '../log/witness.ts';

/** What every conversation object of a client works with. */
export interface ConversationParts {
  ledger: Ledger;
  platform: Platform;
  relay: Relay;
  driver: Driver;
  handle: string;
  live: boolean;
}

/** A call that the caller can stop waiting for. */
export interface Cancelable {
  signal?: AbortSignal;
}

/** @throws CONVERSATION_ENDED, CONVERSATION_STUCK or RELAY_FORKED, with the sentence for a person */
export function requireActive({ state }: ConversationRow): void {
  switch (state) {
    case 'active':
      return;
    case 'leaving':
      throw sdkError('CONVERSATION_ENDED', 'You are leaving this conversation.');
    case 'left':
      throw sdkError('CONVERSATION_ENDED', 'You have left this conversation.');
    case 'removed':
      throw sdkError('CONVERSATION_ENDED', 'You were removed from this conversation.');
    case 'stuck':
      throw sdkError(
        'CONVERSATION_STUCK',
        'This device can no longer follow the conversation. Ask a member to remove you and add you again.',
      );
    case 'forked':
      throw forked();
  }
}
