import {
  acceptAll,
  type CiphersuiteImpl,
  type ClientState,
  createApplicationMessage,
  createCommit,
  createGroup,
  decodeGroupState,
  decodeMlsMessage,
  defaultCapabilities,
  defaultLifetime,
  emptyPskIndex,
  encodeGroupState,
  encodeMlsMessage,
  generateKeyPackage,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  joinGroup,
  type MLSMessage,
  processPrivateMessage,
  type Proposal,
} from 'ts-mls';
import type { Engine, Handout, Person } from './person.ts';

/** Suites that both sides have. */
const SUITES = {
  0x0001: 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519',
  0x0003: 'MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519',
} as const;

/** ts-mls with its defaults; handshakes encrypted, as ours are. It keeps no store: its state is the caller's value. */
export function tsMlsEngine(): Engine<Uint8Array> {
  return {
    person: async (name, suite) => new TsMlsPerson(name, await implementationOf(suite)),
    welcomeBytes: (welcome) => ({ relay: welcome.length, joiner: welcome.length }),
    remembers: false,
    peakMemory: () => process.resourceUsage().maxRSS * 1024,
  };
}

async function implementationOf(suite: number): Promise<CiphersuiteImpl> {
  const name = (SUITES as Record<number, (typeof SUITES)[keyof typeof SUITES]>)[suite];
  if (name === undefined) throw new Error('ts-mls does not have this suite');
  return getCiphersuiteImpl(getCiphersuiteFromName(name));
}

class TsMlsPerson implements Person<Uint8Array> {
  readonly #name: string;
  readonly #suite: CiphersuiteImpl;
  #keys: Awaited<ReturnType<typeof generateKeyPackage>> | undefined;
  #state: ClientState | undefined;
  #encoded: Uint8Array | undefined;

  constructor(name: string, suite: CiphersuiteImpl) {
    this.#name = name;
    this.#suite = suite;
  }

  async keyPackage(): Promise<Uint8Array> {
    const { publicPackage } = await this.#generate();
    return encodeMlsMessage({ wireformat: 'mls_key_package', version: 'mls10', keyPackage: publicPackage });
  }

  async create(): Promise<void> {
    const { publicPackage, privatePackage } = await this.#generate();
    const id = crypto.getRandomValues(new Uint8Array(16));
    this.#state = await createGroup(id, publicPackage, privatePackage, [], this.#suite);
  }

  async add(keyPackages: readonly Uint8Array[]): Promise<Handout<Uint8Array>> {
    return this.#commit(
      keyPackages.map((bytes) => {
        const message = decode(bytes, 'mls_key_package');
        return { proposalType: 'add', add: { keyPackage: message.keyPackage } };
      }),
    );
  }

  async join(bytes: Uint8Array): Promise<void> {
    if (this.#keys === undefined) throw new Error('no key package');
    const { welcome } = decode(bytes, 'mls_welcome');
    const { publicPackage, privatePackage } = this.#keys;
    this.#state = await joinGroup(welcome, publicPackage, privatePackage, emptyPskIndex, this.#suite);
  }

  async update(): Promise<Handout<Uint8Array>> {
    return this.#commit([]);
  }

  async remove(member: Person<Uint8Array>): Promise<Handout<Uint8Array>> {
    if (!(member instanceof TsMlsPerson)) throw new TypeError('not one of ts-mls');
    return this.#commit([
      { proposalType: 'remove', remove: { removed: member.#seat.privatePath.leafIndex } },
    ]);
  }

  async process(commit: Uint8Array): Promise<void> {
    const { privateMessage } = decode(commit, 'mls_private_message');
    const seat = this.#seat;
    const result = await processPrivateMessage(seat, privateMessage, emptyPskIndex, this.#suite, acceptAll);
    if (result.kind !== 'newState') throw new Error('not a commit');
    this.#state = result.newState;
  }

  async encrypt(plaintext: Uint8Array): Promise<Uint8Array> {
    const { newState, privateMessage } = await createApplicationMessage(this.#seat, plaintext, this.#suite);
    this.#state = newState;
    return encodeMlsMessage({ wireformat: 'mls_private_message', version: 'mls10', privateMessage });
  }

  async decrypt(message: Uint8Array): Promise<Uint8Array> {
    const { privateMessage } = decode(message, 'mls_private_message');
    const result = await processPrivateMessage(this.#seat, privateMessage, emptyPskIndex, this.#suite);
    if (result.kind !== 'applicationMessage') throw new Error('not a message');
    this.#state = result.newState;
    return result.message;
  }

  /** Decodes the state as `storeBytes` last encoded it, and drops it: an older state would repeat generations. */
  async load(): Promise<void> {
    if (this.#encoded === undefined) throw new Error('nothing is stored');
    const [state] = decodeGroupState(this.#encoded, 0) ?? [];
    if (state === undefined) throw new Error('the state does not decode');
  }

  async forgetGroup(): Promise<void> {
    this.#state = undefined;
  }

  async free(): Promise<void> {
    this.#state = undefined;
  }

  storeBytes(): number {
    this.#encoded = encodeGroupState(this.#seat);
    return this.#encoded.length;
  }

  written(): undefined {
    return undefined;
  }

  get #seat(): ClientState {
    if (this.#state === undefined) throw new Error('no group');
    return this.#state;
  }

  async #generate() {
    const credential = { credentialType: 'basic', identity: new TextEncoder().encode(this.#name) } as const;
    const capabilities = defaultCapabilities();
    this.#keys = await generateKeyPackage(credential, capabilities, defaultLifetime, [], this.#suite);
    return this.#keys;
  }

  async #commit(extraProposals: Proposal[]): Promise<Handout<Uint8Array>> {
    const context = { state: this.#seat, cipherSuite: this.#suite };
    const result = await createCommit(context, { extraProposals, ratchetTreeExtension: true });
    this.#state = result.newState;
    const welcome =
      result.welcome &&
      encodeMlsMessage({ wireformat: 'mls_welcome', version: 'mls10', welcome: result.welcome });
    return { commit: encodeMlsMessage(result.commit), welcome };
  }
}

function decode<Format extends MLSMessage['wireformat']>(bytes: Uint8Array, wireformat: Format) {
  const [message] = decodeMlsMessage(bytes, 0) ?? [];
  if (message?.wireformat !== wireformat) throw new Error(`not an ${wireformat}`);
  return message as Extract<MLSMessage, { wireformat: Format }>;
}
