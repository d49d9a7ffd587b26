import { randomBytes } from 'node:crypto';
import {
  postProofBody,
  toBase64Url,
  type AccessClaim,
  type GroupPage,
  type Posted,
} from '@quicprochat/protocol';
import { accessProof, newId, newSigner } from '@quicprochat/testkit';
import type { Calls } from './calls.ts';

/** What a member's calls need: an id, and the access key that all members share. There is no MLS behind it. */
export class LoadGroup {
  readonly id = newId();
  readonly #calls: Calls;
  readonly #key = newSigner();

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  async create(): Promise<this> {
    const proof = this.#proof('groups.create', [this.#key.publicKey]);
    const input = { groupId: this.id, accessKey: toBase64Url(this.#key.publicKey), proof };
    await this.#calls.make('groups.create', input);
    return this;
  }

  /** Posts random bytes where a client would post a padded ciphertext. */
  async post(id: string, bytes: number): Promise<{ sequence: number }> {
    const message = randomBytes(bytes);
    const proof = this.#proof('groups.post', postProofBody([{ id, message }]));
    const entries = [{ id, message: toBase64Url(message) }];
    const posted = await this.#calls.make<Posted>('groups.post', {
      groupId: this.id,
      epoch: 0,
      entries,
      proof,
    });
    return { sequence: posted.sequences[0] ?? 0 };
  }

  read(cursor: number, limit: number): Promise<GroupPage> {
    const proof = this.#proof('groups.read', [cursor, limit]);
    return this.#calls.make('groups.read', { groupId: this.id, epoch: 0, cursor, limit, proof });
  }

  /** A ticket for a stream of this group alone. */
  async openStream(cursor: number): Promise<string> {
    const proof = this.#proof('groups.openStream', [cursor]);
    const groups = [{ groupId: this.id, epoch: 0, cursor, proof }];
    return (await this.#calls.make<{ ticket: string }>('groups.openStream', { groups })).ticket;
  }

  #proof(procedure: AccessClaim['procedure'], body: AccessClaim['body']) {
    const audience = this.#calls.url.host;
    return accessProof(this.#key, { procedure, audience, groupId: this.id, epoch: 0, body });
  }
}
