import {
  createApplicationMessage,
  createCommit,
  createGroup,
  createProposal,
  encodeMlsMessage,
  makePskIndex,
  processPrivateMessage,
  type CiphersuiteImpl,
  type ClientState,
  type PrivateMessage,
  type Proposal,
  type PskIndex,
  type ProposalWithSender,
} from 'ts-mls';
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js';
import { createIdentity, type Identity } from './chain.ts';
import { frame, unframe } from './frame.ts';
import type { Changes, ExternalPsk, Heard, Invitation, Peer, StagedCommit, SuiteNumber } from './peer.ts';
import {
  CONFIG,
  createKeyPackage,
  createUpdate,
  decode,
  encodeKeyPackage,
  GROUP_RULES,
  type OwnKeyPackage,
  type Update,
} from './ts-mls-forms.ts';
import { join, type Join } from './ts-mls-join.ts';
import { leafIndexOf, memberHandles, senderHandle } from './ts-mls-state.ts';
import { createSuite } from './ts-mls-suite.ts';
import { invite, receive } from './welcome.ts';

/** A device that runs on ts-mls, with the credentials and frames that the core asks for. */
export class TsMlsPeer implements Peer {
  readonly implementation = 'ts-mls';
  readonly name: string;
  /** Whether ts-mls alone would have refused to join where this device is. */
  hasJoinedByParts = false;
  readonly #suite: CiphersuiteImpl;
  readonly #identity: Identity;
  readonly #keyPackages: OwnKeyPackage[] = [];
  /** Secrets by their ids in base64, as ts-mls looks for them. */
  readonly #psks: Record<string, Uint8Array> = {};
  #state: ClientState | undefined;
  /** Where a staged commit of our own leads. */
  #staged: ClientState | undefined;
  /** What our own pending update would put into the leaf. ts-mls leaves that to its user. */
  #proposed: Update | undefined;

  private constructor(name: string, suite: CiphersuiteImpl) {
    this.name = name;
    this.#suite = suite;
    this.#identity = createIdentity(name);
  }

  static async create(name: string, suite: SuiteNumber): Promise<TsMlsPeer> {
    return new TsMlsPeer(name, await createSuite(suite));
  }

  async keyPackage(): Promise<Uint8Array> {
    const created = await createKeyPackage(this.#identity, this.#suite);
    this.#keyPackages.push(created);
    return encodeKeyPackage(created.publicPackage);
  }

  async storePsk({ id, secret }: ExternalPsk): Promise<void> {
    this.#psks[Buffer.from(id).toString('base64')] = secret;
  }

  async create(groupId: Uint8Array, extensions = [GROUP_RULES]): Promise<void> {
    const { publicPackage, privatePackage } = await createKeyPackage(this.#identity, this.#suite);
    this.#enter(await createGroup(groupId, publicPackage, privatePackage, extensions, this.#suite, CONFIG));
  }

  async join(invitation: Invitation): Promise<void> {
    const { state, isByParts } = await join(await this.invited(invitation));
    this.#enter(state);
    this.hasJoinedByParts = isByParts;
  }

  /** What joining takes: the Welcome, and the key package that it is for. */
  async invited(invitation: Invitation): Promise<Join> {
    const received = receive(invitation);
    for (const keyPackage of this.#keyPackages) {
      const reference = Buffer.from(await makeKeyPackageRef(keyPackage.publicPackage, this.#suite.hash));
      const isMeant = received.welcome.secrets.some(({ newMember }) => reference.equals(newMember));
      if (isMeant) return { received, keyPackage, suite: this.#suite, pskIndex: this.#pskIndex };
    }
    throw new Error('the Welcome is for none of our key packages');
  }

  /** Stages a commit. Forgeries are made with a suite that lies. */
  async stage({ add, remove, psks = [] }: Changes, suite = this.#suite): Promise<StagedCommit> {
    const adds = add.map((bytes): Proposal => {
      const { keyPackage } = decode(bytes, 'mls_key_package');
      return { proposalType: 'add', add: { keyPackage } };
    });
    const removes = remove.map((name): Proposal => {
      return { proposalType: 'remove', remove: { removed: leafIndexOf(this.#in, name) } };
    });
    const mixedIn = psks.map((pskId): Proposal => {
      const pskNonce = suite.rng.randomBytes(suite.kdf.size);
      return { proposalType: 'psk', psk: { preSharedKeyId: { psktype: 'external', pskId, pskNonce } } };
    });
    const { commit, welcome, newState } = await createCommit(
      { state: this.#in, cipherSuite: suite, pskIndex: this.#pskIndex },
      { extraProposals: [...removes, ...mixedIn, ...adds], ratchetTreeExtension: false },
    );
    this.#staged = newState;
    const invitations = welcome === undefined ? [] : await invite(welcome, newState, suite);
    return { commit: encodeMlsMessage(commit), invitations };
  }

  async merge(): Promise<void> {
    if (this.#staged === undefined) throw new Error('nothing is staged');
    this.#enter(this.#staged);
  }

  async drop(): Promise<void> {
    this.#staged = undefined;
  }

  async proposeUpdate(): Promise<Uint8Array> {
    this.#proposed = await createUpdate(this.#identity, this.#in, this.#suite);
    return this.#propose({ proposalType: 'update', update: { leafNode: this.#proposed.leafNode } });
  }

  async proposeLeaving(): Promise<Uint8Array> {
    return this.#propose({ proposalType: 'remove', remove: { removed: this.#in.privatePath.leafIndex } });
  }

  async takeHandshake(message: Uint8Array): Promise<void> {
    const { privateMessage } = decode(message, 'mls_private_message');
    if (privateMessage.contentType === 'commit') return this.#takeCommit(privateMessage);
    if (privateMessage.contentType === 'application') throw new Error('not a handshake');
    const { newState } = await processPrivateMessage(this.#in, privateMessage, this.#pskIndex, this.#suite);
    this.#state = newState;
  }

  async encrypt(plaintext: Uint8Array): Promise<Uint8Array> {
    const framed = frame(plaintext);
    const { newState, privateMessage } = await createApplicationMessage(this.#in, framed, this.#suite);
    this.#state = newState;
    return encodeMlsMessage({ version: 'mls10', wireformat: 'mls_private_message', privateMessage });
  }

  async decrypt(message: Uint8Array): Promise<Heard> {
    const { privateMessage } = decode(message, 'mls_private_message');
    const opened = await processPrivateMessage(this.#in, privateMessage, this.#pskIndex, this.#suite);
    if (opened.kind !== 'applicationMessage') throw new Error('not an application message');
    const sender = await senderHandle(this.#in, privateMessage, this.#suite);
    const plaintext = unframe(opened.message);
    this.#state = opened.newState;
    return { sender, epoch: privateMessage.epoch, plaintext };
  }

  isMember(): boolean {
    return this.#state?.groupActiveState.kind === 'active';
  }

  epoch(): bigint {
    return this.#in.groupContext.epoch;
  }

  epochAuthenticator(): Uint8Array {
    return this.#in.keySchedule.epochAuthenticator;
  }

  members(): string[] {
    return memberHandles(this.#in);
  }

  free(): void {
    this.#state = undefined;
  }

  /** For what only ts-mls itself can be asked. */
  get state(): ClientState {
    return this.#in;
  }

  get suite(): CiphersuiteImpl {
    return this.#suite;
  }

  get #pskIndex(): PskIndex {
    return makePskIndex(undefined, this.#psks);
  }

  get #in(): ClientState {
    if (this.#state === undefined) throw new Error(`${this.name} is in no group`);
    return this.#state;
  }

  /** A new epoch: what was staged or proposed in the old one is void. */
  #enter(state: ClientState): void {
    this.#state = state;
    this.#staged = undefined;
    this.#proposed = undefined;
  }

  async #propose(proposal: Proposal): Promise<Uint8Array> {
    const { newState, message } = await createProposal(this.#in, false, proposal, this.#suite);
    this.#state = newState;
    return encodeMlsMessage(message);
  }

  async #takeCommit(commit: PrivateMessage): Promise<void> {
    const found = { ownRemoval: false, ownUpdate: false };
    const plain = await this.#process(this.#in, commit, (proposals) => {
      found.ownRemoval = proposals.some((proposal) => this.#isOwnRemoval(proposal));
      found.ownUpdate = proposals.some(({ proposal }) => isUpdateTo(proposal, this.#proposed));
      return !found.ownRemoval && !found.ownUpdate;
    });
    if (found.ownRemoval) {
      // ts-mls notices its removal by its leaf being blank, and so not when somebody added takes the place at once.
      this.#enter({ ...this.#in, groupActiveState: { kind: 'removedFromGroup' } });
    } else if (found.ownUpdate) {
      this.#enter(await this.#process(this.#updated(), commit, () => true));
    } else {
      this.#enter(plain);
    }
  }

  async #process(
    state: ClientState,
    commit: PrivateMessage,
    accepts: (proposals: ProposalWithSender[]) => boolean,
  ): Promise<ClientState> {
    const { newState } = await processPrivateMessage(
      state,
      commit,
      this.#pskIndex,
      this.#suite,
      (incoming) => (incoming.kind === 'commit' && accepts(incoming.proposals) ? 'accept' : 'reject'),
    );
    return newState;
  }

  /**
   * The state to take a commit of our own update in. Its path is sealed to the keys that we proposed; ts-mls knows only
   * those of the leaf in the tree.
   */
  #updated(): ClientState {
    const state = this.#in;
    const update = this.#proposed!;
    const { leafIndex, privateKeys } = state.privatePath;
    return {
      ...state,
      signaturePrivateKey: update.signaturePrivateKey,
      privatePath: { leafIndex, privateKeys: { ...privateKeys, [leafIndex * 2]: update.hpkePrivateKey } },
    };
  }

  #isOwnRemoval({ proposal }: ProposalWithSender): boolean {
    return proposal.proposalType === 'remove' && proposal.remove.removed === this.#in.privatePath.leafIndex;
  }
}

function isUpdateTo(proposal: Proposal, update: Update | undefined): boolean {
  return proposal.proposalType === 'update' && proposal.update.leafNode === update?.leafNode;
}
