import {
  accessTranscript,
  commitProofBody,
  deviceTranscript,
  fromBase64Url,
  LIMITS,
  toBase64Url,
  type AccessClaim,
  type Accepted,
  type Base64Url,
  type Candidate,
  type CipherSuite,
  type GroupPage,
  type InboxPage,
  type StreamEvent,
  type TranscriptField,
  type WelcomeParts,
} from '@quicprochat/protocol';
import { hasCode, TransportError } from '../model/errors.ts';
import type { Platform } from '../platform/platform.ts';
import type { Identity } from '../worker/protocol.ts';
import {
  acceptedAnswer,
  candidateAnswer,
  challengeAnswer,
  claimAnswer,
  groupPageAnswer,
  keyPackageStatusAnswer,
  receiptKeyAnswer,
  requireForm,
  sessionAnswer,
  ticketAnswer,
} from './answers.ts';
import type { Network } from './bounded-fetch.ts';
import { follow } from './event-stream.ts';
import { namingRefusals } from './refused-origin.ts';
import { connect, type RelayApi } from './relay-client.ts';
import type { RelayClock } from './relay-clock.ts';
import { asRelayError } from './relay-errors.ts';

/** What signs for a session: the core, behind the worker. */
export interface Signer {
  /** By the device key. */
  device(transcript: Uint8Array): Promise<Uint8Array>;
  /** By the access key of the group's current epoch, which is told with it. */
  group(groupId: string, transcript: Uint8Array): Promise<{ accessKey: Uint8Array; signature: Uint8Array }>;
}

/** A commit, its Welcome and the key of the epoch it begins, as they go out together. */
export interface CommitSubmission {
  groupId: string;
  epoch: number;
  id: string;
  candidate: number;
  commit: Base64Url;
  nextAccessKey: Base64Url;
  welcome: { shared: Base64Url; joiners: { deviceId: string; secrets: Base64Url }[] } | null;
}

/** Key packages of one suite. */
export interface KeyPackageUpload {
  suite: CipherSuite;
  /** Whether they take the place of those that are there. */
  replace: boolean;
  keyPackages: Uint8Array[];
  lastResort: Uint8Array | undefined;
}

/** From where on a group's log is followed, under which epoch's key. */
export interface Place {
  groupId: string;
  epoch: number;
  cursor: number;
}

/** An access proof in its JSON form. */
interface WireProof {
  issuedAtMs: number;
  nonce: Base64Url;
  accessKey: Base64Url;
  signature: Base64Url;
}

/**
 * The relay, as this device talks to it. Calls that concern the device sign in on demand; calls that concern a group
 * carry a proof by the group's key and never the device's session, so that the relay cannot tell who calls.
 */
export class RelaySession {
  readonly #signer: Signer;
  readonly #platform: Platform;
  readonly #network: Network;
  readonly #origin: string;
  readonly #audience: string;
  /** Two connections' worth of calls: only this one ever sends the session token. */
  readonly #asDevice: RelayApi;
  readonly #asMember: RelayApi;
  #token: string | undefined;
  #signingIn: Promise<void> | undefined;
  #deviceId = '';
  readonly #clock: RelayClock;

  constructor(origin: string, parts: { signer: Signer; platform: Platform; clock: RelayClock }) {
    const { signer, platform, clock } = parts;
    this.#signer = signer;
    this.#platform = platform;
    this.#origin = origin;
    this.#clock = clock;
    this.#audience = new URL(origin).host;
    this.#network = { net: namingRefusals(origin, platform.net), timers: platform.timers };
    this.#asDevice = connect(origin, this.#network, () => this.#token);
    this.#asMember = connect(origin, this.#network, () => undefined);
  }

  /** Told of each call whether it reached the relay, whatever that answered. */
  onContact: ((reached: boolean) => void) | undefined;

  setDevice(deviceId: string): void {
    this.#deviceId = deviceId;
  }

  /** Asks the relay's time, before anything is made that depends on it. */
  async learnTime(): Promise<void> {
    await this.#challenge();
  }

  async register(identity: Identity): Promise<void> {
    const { challenge, signature } = await this.#answerChallenge('register');
    const session = await this.#told(() =>
      this.#asMember.account.register.mutate({
        handle: identity.handle,
        accountKey: toBase64Url(identity.accountKey),
        deviceId: this.#deviceId,
        deviceKey: toBase64Url(identity.deviceKey),
        deviceCertificate: toBase64Url(identity.deviceCertificate),
        challenge,
        signature,
      }),
    );
    this.#token = requireForm(sessionAnswer, session).token;
  }

  async keyPackageStatus(suite: CipherSuite) {
    const answer = await this.#signedIn((api) => api.keyPackages.status.mutate({ suite }));
    return requireForm(keyPackageStatusAnswer, answer);
  }

  publishKeyPackages({ suite, keyPackages, lastResort, replace }: KeyPackageUpload) {
    const input = {
      suite,
      replace,
      keyPackages: keyPackages.map(toBase64Url),
      ...(lastResort && { lastResort: toBase64Url(lastResort) }),
    };
    return this.#signedIn((api) => api.keyPackages.publish.mutate(input));
  }

  async claimKeyPackages(suite: CipherSuite, handles: string[]) {
    const answer = await this.#signedIn((api) => api.keyPackages.claim.mutate({ suite, handles }));
    return requireForm(claimAnswer, answer);
  }

  readInbox(cursor: number, limit: number): Promise<InboxPage> {
    return this.#signedIn((api) => api.inbox.read.mutate({ cursor, limit }));
  }

  acknowledgeInbox(sequence: number) {
    return this.#signedIn((api) => api.inbox.acknowledge.mutate({ sequence }));
  }

  createGroup(groupId: string, accessKey: Base64Url) {
    return this.#proven(
      { procedure: 'groups.create', groupId, epoch: 0 },
      [fromBase64Url(accessKey)],
      (proof) => this.#asMember.groups.create.mutate({ groupId, accessKey, proof }),
    );
  }

  async commit(submission: CommitSubmission): Promise<Accepted> {
    const { groupId, epoch, id, candidate, commit, nextAccessKey, welcome } = submission;
    const body = commitProofBody({
      id,
      candidate,
      commit: fromBase64Url(commit),
      nextAccessKey: fromBase64Url(nextAccessKey),
      welcome: welcome && partsOf(welcome),
    });
    const answer = await this.#proven({ procedure: 'groups.commit', groupId, epoch }, body, (proof) =>
      this.#asMember.groups.commit.mutate({ ...submission, proof }),
    );
    return requireForm(acceptedAnswer, answer);
  }

  async post(input: { groupId: string; epoch: number; id: string; message: Base64Url }): Promise<Accepted> {
    const { groupId, epoch, id, message } = input;
    const body = [id, fromBase64Url(message)];
    const answer = await this.#proven({ procedure: 'groups.post', groupId, epoch }, body, (proof) =>
      this.#asMember.groups.post.mutate({ ...input, proof }),
    );
    return requireForm(acceptedAnswer, answer);
  }

  async readGroup(input: Place & { limit: number }): Promise<GroupPage> {
    const { groupId, epoch, cursor, limit } = input;
    const answer = await this.#proven(
      { procedure: 'groups.read', groupId, epoch },
      [cursor, limit],
      (proof) => this.#asMember.groups.read.mutate({ ...input, proof }),
    );
    return requireForm(groupPageAnswer, answer);
  }

  async readCandidate(input: { groupId: string; epoch: number; candidate: number }): Promise<Candidate> {
    const { groupId, epoch, candidate } = input;
    const answer = await this.#proven(
      { procedure: 'groups.candidate', groupId, epoch },
      [candidate],
      (proof) => this.#asMember.groups.candidate.mutate({ ...input, proof }),
    );
    return requireForm(candidateAnswer, answer);
  }

  /** What the relay signs its receipts with. */
  async receiptKey(): Promise<{ receiptKey: Base64Url }> {
    const answer = await this.#told(() => this.#asMember.receipts.key.mutate({}));
    return requireForm(receiptKeyAnswer, answer);
  }

  /** The inbox from a cursor on, as it fills. */
  async *followInbox(cursor: number, signal: AbortSignal): AsyncGenerator<StreamEvent> {
    const answer = await this.#signedIn((api) => api.inbox.openStream.mutate({ cursor }));
    yield* this.#follow(answer, signal);
  }

  /** The logs of groups from their cursors on, as they fill. */
  async *followGroups(groups: readonly Place[], signal: AbortSignal): AsyncGenerator<StreamEvent> {
    const answer = await this.#withClock(async () => {
      const proven = groups.map(async (group) => ({
        ...group,
        proof: await this.#prove({ procedure: 'groups.openStream', ...group }, [group.cursor]),
      }));
      return this.#asMember.groups.openStream.mutate({ groups: await Promise.all(proven) });
    });
    yield* this.#follow(answer, signal);
  }

  /** Has a running stream follow these groups from their cursors on, too. It says so when it does. */
  async followToo(stream: Base64Url, groups: readonly Place[]): Promise<void> {
    await this.#withClock(async () => {
      const proven = groups.map(async (group) => {
        const body = [fromBase64Url(stream), group.cursor];
        return { ...group, proof: await this.#prove({ procedure: 'groups.follow', ...group }, body) };
      });
      return this.#asMember.groups.follow.mutate({ stream, groups: await Promise.all(proven) });
    });
  }

  async *#follow(answer: unknown, signal: AbortSignal): AsyncGenerator<StreamEvent> {
    const { ticket } = requireForm(ticketAnswer, answer);
    yield* follow(this.#network, this.#origin, { ticket, signal });
  }

  async #signedIn<Result>(call: (api: RelayApi) => Promise<Result>): Promise<Result> {
    if (this.#token === undefined) await this.#signIn();
    try {
      return await this.#told(() => call(this.#asDevice));
    } catch (error) {
      if (!hasCode(error, 'UNAUTHENTICATED')) throw error;
      // The session has run out, or the relay has forgotten it: once more, with a new one.
      await this.#signIn();
      return this.#told(() => call(this.#asDevice));
    }
  }

  /** Calls that need a session at the same time share one sign-in. */
  #signIn(): Promise<void> {
    this.#signingIn ??= this.#login().finally(() => (this.#signingIn = undefined));
    return this.#signingIn;
  }

  async #login(): Promise<void> {
    const { challenge, signature } = await this.#answerChallenge('login');
    const session = await this.#told(() =>
      this.#asMember.auth.login.mutate({ deviceId: this.#deviceId, challenge, signature }),
    );
    this.#token = requireForm(sessionAnswer, session).token;
  }

  /** Fetches something to sign. It also tells the relay's time, since it expires a known time after it was made. */
  async #challenge(): Promise<Uint8Array> {
    const answer = await this.#told(() => this.#asMember.auth.challenge.mutate({}));
    const { challenge, expiresAtMs } = requireForm(challengeAnswer, answer);
    this.#clock.correct(expiresAtMs - LIMITS.challengeLifetimeMs);
    return challenge;
  }

  async #answerChallenge(purpose: 'register' | 'login') {
    const challenge = await this.#challenge();
    const claim = { purpose, audience: this.#audience, challenge, deviceId: this.#deviceId };
    return {
      challenge: toBase64Url(challenge),
      signature: toBase64Url(await this.#signer.device(deviceTranscript(claim))),
    };
  }

  #proven<Result>(
    claim: Pick<AccessClaim, 'procedure' | 'groupId' | 'epoch'>,
    body: readonly TranscriptField[],
    call: (proof: WireProof) => Promise<Result>,
  ): Promise<Result> {
    return this.#withClock(async () => call(await this.#prove(claim, body)));
  }

  async #prove(
    claim: Pick<AccessClaim, 'procedure' | 'groupId' | 'epoch'>,
    body: readonly TranscriptField[],
  ) {
    const { procedure, groupId, epoch } = claim;
    const issuedAtMs = this.#clock.now();
    const nonce = this.#platform.random.bytes(16);
    const audience = this.#audience;
    const transcript = accessTranscript({ procedure, audience, groupId, epoch, issuedAtMs, nonce, body });
    const { accessKey, signature } = await this.#signer.group(groupId, transcript);
    return {
      issuedAtMs,
      nonce: toBase64Url(nonce),
      accessKey: toBase64Url(accessKey),
      signature: toBase64Url(signature),
    };
  }

  /** A device whose clock is off can still talk: the relay tells its time, and the next proof is made for that. */
  async #withClock<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      const result = await this.#told(call);
      this.#clock.confirm();
      return result;
    } catch (error) {
      if (!hasCode(error, 'CLOCK_SKEW')) throw error;
      this.#clock.correct(error.details['relayTimeMs']);
      return this.#told(call);
    }
  }

  async #told<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      const result = await told(call);
      this.onContact?.(true);
      return result;
    } catch (error) {
      if (error instanceof TransportError) this.onContact?.(error.code !== 'NETWORK');
      throw error;
    }
  }
}

function partsOf({ shared, joiners }: NonNullable<CommitSubmission['welcome']>): WelcomeParts {
  return {
    shared: fromBase64Url(shared),
    joiners: joiners.map(({ deviceId, secrets }) => ({ deviceId, secrets: fromBase64Url(secrets) })),
  };
}

async function told<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    throw asRelayError(error);
  }
}
