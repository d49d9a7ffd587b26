import {
  accessTranscript,
  toBase64Url,
  type AccessClaim,
  type Base64Url,
  type TranscriptField,
} from '@quicprochat/protocol';
import { hasCode } from '../model/errors.ts';
import type { Random } from '../platform/platform.ts';
import type { Contact } from './contact.ts';
import type { RelayClock } from './relay-clock.ts';

/** Signs with the access key of a group's current epoch, and returns that key with the signature. */
export type GroupSigner = (
  groupId: string,
  transcript: Uint8Array,
) => Promise<{ accessKey: Uint8Array; signature: Uint8Array }>;

/** An access proof in its JSON form. */
export interface WireProof {
  issuedAtMs: number;
  nonce: Base64Url;
  accessKey: Base64Url;
  signature: Base64Url;
}

type Claim = Pick<AccessClaim, 'procedure' | 'groupId' | 'epoch'>;

/** Proves to the relay that a call comes from a member of the group, without revealing which one. */
export class Proofs {
  readonly #audience: string;
  readonly #sign: GroupSigner;
  readonly #random: Random;
  readonly #clock: RelayClock;
  readonly #contact: Contact;

  constructor(parts: {
    audience: string;
    sign: GroupSigner;
    random: Random;
    clock: RelayClock;
    contact: Contact;
  }) {
    this.#audience = parts.audience;
    this.#sign = parts.sign;
    this.#random = parts.random;
    this.#clock = parts.clock;
    this.#contact = parts.contact;
  }

  /** Makes a call with a proof over its body. */
  proven<Result>(
    claim: Claim,
    body: readonly TranscriptField[],
    call: (proof: WireProof) => Promise<Result>,
  ): Promise<Result> {
    return this.withClock(async () => call(await this.prove(claim, body)));
  }

  async prove({ procedure, groupId, epoch }: Claim, body: readonly TranscriptField[]): Promise<WireProof> {
    const issuedAtMs = this.#clock.now();
    const nonce = this.#random.bytes(16);
    const audience = this.#audience;
    const transcript = accessTranscript({ procedure, audience, groupId, epoch, issuedAtMs, nonce, body });
    const { accessKey, signature } = await this.#sign(groupId, transcript);
    return {
      issuedAtMs,
      nonce: toBase64Url(nonce),
      accessKey: toBase64Url(accessKey),
      signature: toBase64Url(signature),
    };
  }

  /** A device whose clock is off can still talk: the relay tells its time, and the next proof is made for that. */
  async withClock<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      const result = await this.#contact.call(call);
      this.#clock.confirm();
      return result;
    } catch (error) {
      if (!hasCode(error, 'CLOCK_SKEW')) throw error;
      this.#clock.correct(error.details['relayTimeMs']);
      return this.#contact.call(call);
    }
  }
}
