import { notActive } from '../model/not-active.ts';
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
  if (state === 'active') return;
  throw state === 'forked' ? forked() : notActive(state);
}
