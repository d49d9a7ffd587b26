'use client';

import { AccountGate } from './account-gate.tsx';
import { Messenger } from './messenger.tsx';
import { useGuardedDrops } from './use-guarded-drops.ts';

/** The client: an account, and its conversations. */
export function App() {
  useGuardedDrops();
  return (
    <AccountGate>
      <Messenger />
    </AccountGate>
  );
}
