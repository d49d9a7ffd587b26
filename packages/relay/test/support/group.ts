import { randomBytes } from 'node:crypto';
import {
  commitProofBody,
  fromBase64Url,
  postProofBody,
  toBase64Url,
  type AccessClaim,
  type GroupId,
  type Posted,
  type WelcomeParts,
} from '@quicprochat/protocol';
import { accessProof, newId, newSigner, type Signer } from '@quicprochat/testkit';
import { apiOf, type Api } from './api.ts';

interface ProofOptions {
  audience?: string;
  issuedAtMs?: number;
  nonce?: Uint8Array;
  /** Signs instead of the epoch's key. */
  key?: Signer;
}

/** One message of a post. */
export interface TestEntry {
  id: string;
  payload: Uint8Array;
}

/** What a test may bend in a commit or message. */
export interface WriteOptions extends ProofOptions {
  epoch?: number;
  id?: string;
  payload?: Uint8Array;
}

export interface CommitOptions extends WriteOptions {
  welcome?: WelcomeParts | null;
  nextKey?: Signer;
  candidate?: number;
}

/** The members' side of a group: the access keys of all epochs, by epoch. No MLS in it, as there is none in the relay. */
export class TestGroup {
  readonly id: GroupId;
  readonly keys: Signer[];
  readonly api: Api;
  readonly #host: string;

  constructor(url: string, id = newId() as GroupId, keys = [newSigner()]) {
    this.id = id;
    this.keys = keys;
    this.api = apiOf(url);
    this.#host = new URL(url).host;
  }

  get epoch(): number {
    return this.keys.length - 1;
  }

  async create(): Promise<this> {
    await this.api.groups.create.mutate(this.creation());
    return this;
  }

  creation(options: ProofOptions = {}) {
    const accessKey = this.#keyOf(0).publicKey;
    const proof = this.proof('groups.create', 0, [accessKey], options);
    return { groupId: this.id as string, accessKey: toBase64Url(accessKey), proof };
  }

  /** Posts and gives the sequence. */
  async post(text: string, options: WriteOptions = {}): Promise<number> {
    const input = this.message({ payload: Buffer.from(text), ...options });
    const { sequences } = await this.api.groups.post.mutate(input);
    return sequences[0] ?? 0;
  }

  /** Posts several messages in one call. */
  postAll(entries: readonly TestEntry[], options: WriteOptions = {}): Promise<Posted> {
    return this.api.groups.post.mutate(this.batch(entries, options));
  }

  /** A post of one message. */
  message({ id = newId(), payload = randomBytes(40), ...options }: WriteOptions = {}) {
    return this.batch([{ id, payload }], options);
  }

  batch(entries: readonly TestEntry[], { epoch = this.epoch, ...proof }: WriteOptions = {}) {
    const body = postProofBody(entries.map(({ id, payload }) => ({ id, message: payload })));
    return {
      groupId: this.id as string,
      epoch,
      entries: entries.map(({ id, payload }) => ({ id, message: toBase64Url(payload) })),
      proof: this.proof('groups.post', epoch, body, proof),
    };
  }

  signal(text: string, options: WriteOptions = {}) {
    return this.api.groups.signal.mutate(this.signalInput({ payload: Buffer.from(text), ...options }));
  }

  signalInput({ epoch = this.epoch, payload = randomBytes(40), ...proof }: WriteOptions = {}) {
    return {
      groupId: this.id as string,
      epoch,
      signal: toBase64Url(payload),
      proof: this.proof('groups.signal', epoch, [payload], proof),
    };
  }

  /** Commits, and on success moves to the next epoch. Gives the sequence. */
  async commit(options: CommitOptions = {}): Promise<number> {
    const { nextKey = newSigner() } = options;
    const { sequence } = await this.api.groups.commit.mutate(this.commitInput({ ...options, nextKey }));
    this.keys.push(nextKey);
    return sequence;
  }

  commitInput(options: CommitOptions = {}) {
    const { epoch = this.epoch, id = newId(), payload = randomBytes(60), welcome = null, ...rest } = options;
    const { candidate = 0 } = options;
    const nextAccessKey = (options.nextKey ?? newSigner()).publicKey;
    const body = commitProofBody({ id, candidate, commit: payload, nextAccessKey, welcome });
    return {
      groupId: this.id as string,
      epoch,
      id: id,
      candidate,
      commit: toBase64Url(payload),
      nextAccessKey: toBase64Url(nextAccessKey),
      welcome: welcome && wireOf(welcome),
      proof: this.proof('groups.commit', epoch, body, rest),
    };
  }

  read({ epoch = this.epoch, cursor = 0, limit = 500, ...proof }: Partial<ReadOptions> = {}) {
    return this.api.groups.read.mutate(this.readInput({ epoch, cursor, limit, ...proof }));
  }

  readInput({ epoch = this.epoch, cursor = 0, limit = 500, ...proof }: Partial<ReadOptions> = {}) {
    return {
      groupId: this.id as string,
      epoch,
      cursor,
      limit,
      proof: this.proof('groups.read', epoch, [cursor, limit], proof),
    };
  }

  candidate(candidate: number, options: Partial<ReadOptions> = {}) {
    return this.api.groups.candidate.mutate(this.candidateInput(candidate, options));
  }

  candidateInput(candidate: number, { epoch = this.epoch, ...proof }: Partial<ReadOptions> = {}) {
    return {
      groupId: this.id as string,
      epoch,
      candidate,
      proof: this.proof('groups.candidate', epoch, [candidate], proof),
    };
  }

  streamInput({ epoch = this.epoch, cursor = 0, ...proof }: Partial<ReadOptions> = {}) {
    return {
      groupId: this.id as string,
      epoch,
      cursor,
      proof: this.proof('groups.openStream', epoch, [cursor], proof),
    };
  }

  followInput(stream: string, { epoch = this.epoch, cursor = 0, ...proof }: Partial<ReadOptions> = {}) {
    const body = [fromBase64Url(stream), cursor];
    return {
      groupId: this.id as string,
      epoch,
      cursor,
      proof: this.proof('groups.follow', epoch, body, proof),
    };
  }

  proof(
    procedure: AccessClaim['procedure'],
    epoch: number,
    body: AccessClaim['body'],
    { audience = this.#host, key = this.#keyOf(epoch), ...times }: ProofOptions,
  ) {
    return accessProof(key, { procedure, audience, groupId: this.id, epoch, body, ...times });
  }

  /** The key of an epoch; of one that never was, a key that nobody else knows. */
  #keyOf(epoch: number): Signer {
    return this.keys[epoch] ?? newSigner();
  }
}

/** So many messages of random bytes. */
export function newEntries(count: number, bytes = 40): TestEntry[] {
  return Array.from({ length: count }, () => ({ id: newId(), payload: randomBytes(bytes) }));
}

/** A Welcome of random bytes for these devices, each with secrets of its own. */
export function welcomeFor(...deviceIds: string[]): WelcomeParts {
  const joiners = deviceIds.map((deviceId) => ({ deviceId, secrets: randomBytes(9) }));
  return { shared: randomBytes(20), joiners };
}

function wireOf({ shared, joiners }: WelcomeParts) {
  return {
    shared: toBase64Url(shared),
    joiners: joiners.map(({ deviceId, secrets }) => ({ deviceId, secrets: toBase64Url(secrets) })),
  };
}

interface ReadOptions extends ProofOptions {
  epoch: number;
  cursor: number;
  limit: number;
}
