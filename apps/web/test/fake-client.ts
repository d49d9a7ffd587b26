import type { Client, Contacts } from '@quicprochat/sdk';

/**
 * What the components read of the SDK's Client, changed by hand. `digits` is the number of the key that there is to
 * compare: as the SDK does, `verify` and `reject` take no other one.
 */
export class FakeClient {
  readonly handle = 'alice';
  readonly relay = 'https://relay.example';
  readonly conversations = { list: () => [] };
  connection: Client['connection'] = 'online';
  trouble: Client['trouble'];
  digits = '1'.repeat(60);
  isVerified = false;
  hasChanged = false;
  /** What each pass fails with, first to be thrown first; after that they succeed. */
  readonly failing: Error[] = [];
  passes = 0;
  /** How often it was asked to try again now. */
  reconnects = 0;
  /** What was decided, in order. */
  readonly decisions: string[] = [];
  readonly #listeners = new Set<() => void>();

  readonly contacts = {
    safetyNumber: async () => this.digits,
    keyId: () => `key of ${this.digits}`,
    isVerified: () => this.isVerified && !this.hasChanged,
    hasChanged: () => this.hasChanged,
    verify: async (handle, { safetyNumber }) => this.#decide('verify', handle, safetyNumber),
    reject: async (handle, { safetyNumber }) => this.#decide('reject', handle, safetyNumber),
    unverify: async (handle) => this.#decide('unverify', handle, this.digits),
  } satisfies Partial<Contacts>;

  /** As the components take it: the real class has private fields that no fake can have. */
  get real(): Client {
    return this as unknown as Client;
  }

  readonly sync = async (): Promise<void> => {
    this.passes++;
    const error = this.failing.shift();
    if (error !== undefined) throw error;
  };

  readonly reconnect = (): void => {
    this.reconnects++;
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Does something and tells everyone. */
  change(work: () => void): void {
    work();
    for (const listener of [...this.#listeners]) listener();
  }

  #decide(decision: string, handle: string, safetyNumber: string): void {
    if (safetyNumber !== this.digits) throw new Error('SAFETY_NUMBER_MISMATCH');
    this.decisions.push(`${decision} ${handle} ${safetyNumber}`);
  }
}
