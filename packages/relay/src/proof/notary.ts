import { createPublicKey, type KeyObject } from 'node:crypto';
import { receiptTranscript, type Receipt } from '@quicprochat/protocol';
import type { RelayPlatform } from '../platform.ts';
import type { Mark } from '../store/log.ts';
import { receiptKey } from '../store/own-keys.ts';
import type { Db } from '../store/schema.ts';
import { privateKey } from './private-key.ts';

/** Signs where logs stand. A relay that has shown two logs for one cannot say afterwards that it did not. */
export class Notary {
  readonly #platform: RelayPlatform;
  readonly #key: () => Promise<KeyObject>;

  constructor(db: Db, platform: RelayPlatform) {
    this.#platform = platform;
    this.#key = privateKey(() => receiptKey(db, platform));
  }

  /** Ed25519, 32 bytes. */
  async publicKey(): Promise<Buffer> {
    const { x } = createPublicKey(await this.#key()).export({ format: 'jwk' });
    return Buffer.from(x ?? '', 'base64url');
  }

  async receipt(groupId: string, mark: Mark): Promise<Receipt> {
    const { branch, sequence, head } = mark;
    const signature = await this.#platform.sign(receiptTranscript(groupId, mark), await this.#key());
    return { branch, sequence, head: head.toString('base64url'), signature: signature.toString('base64url') };
  }
}
