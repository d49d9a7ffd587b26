'use client';

import { AccountGate } from '../account/account-gate.tsx';
import { Messenger } from './messenger.tsx';

/** The client: an account, and its conversations. */
export function App() {
  return (
    <AccountGate>
      <Messenger />
    </AccountGate>
  );
}
