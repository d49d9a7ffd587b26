import {
  ClientId,
  type CommitBundle,
  ConversationId,
  CoreCrypto,
  type CoreCryptoContext,
  Credential,
  Database,
  DeviceId,
  initWasmModule,
  KeyPackage,
  Uuid,
  Welcome,
} from '@wireapp/core-crypto/browser';
import { watchMemory } from './memory.ts';
import type { Engine, Handout, Person } from './person.ts';

/** Wire's core-crypto with its in-memory database and one transaction for each operation. Browsers only. */
export async function coreCryptoEngine(wasm: string): Promise<Engine<Uint8Array>> {
  const peakMemory = watchMemory();
  await initWasmModule(wasm);
  return {
    person: (_name, suite) => CoreCryptoPerson.create(suite),
    welcomeBytes: (welcome) => ({ relay: welcome.length, joiner: welcome.length }),
    remembers: false,
    peakMemory,
  };
}

type CredentialRef = Awaited<ReturnType<CoreCryptoContext['addCredential']>>;

class CoreCryptoPerson implements Person<Uint8Array> {
  readonly #core: CoreCrypto;
  readonly #client: ClientId;
  #credential: CredentialRef | undefined;
  #conversation: ConversationId | undefined;
  #bundle: CommitBundle | undefined;

  static async create(suite: number): Promise<CoreCryptoPerson> {
    const client = new ClientId(new Uuid(crypto.randomUUID()), new DeviceId(1n), 'example.org');
    const person = new CoreCryptoPerson(CoreCrypto.new(await Database.inMemory()), client);
    await person.#initialize(suite);
    return person;
  }

  private constructor(core: CoreCrypto, client: ClientId) {
    this.#core = core;
    this.#client = client;
  }

  async #initialize(suite: number): Promise<void> {
    const transport = {
      sendCommitBundle: async (bundle: CommitBundle) => {
        this.#bundle = bundle;
      },
      prepareForTransport: () => Promise.reject(new Error('no history is shared here')),
    };
    await this.#core.transaction(async (context) => {
      await context.mlsInit(this.#client, transport);
      // Its numbers are the registered ones.
      // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- see above
      this.#credential = await context.addCredential(Credential.basic(suite, this.#client));
    });
  }

  keyPackage(): Promise<Uint8Array> {
    return this.#core.transaction(async (context) => {
      const keyPackage = await context.generateKeyPackage(this.#own);
      return keyPackage.serialize();
    });
  }

  async create(): Promise<void> {
    const conversation = new ConversationId(crypto.getRandomValues(new Uint8Array(16)));
    await this.#core.transaction((context) => context.createConversation(conversation, this.#own));
    this.#conversation = conversation;
  }

  add(keyPackages: readonly Uint8Array[]): Promise<Handout<Uint8Array>> {
    return this.#commit((context, conversation) =>
      context.addClientsToConversation(
        conversation,
        keyPackages.map((bytes) => new KeyPackage(bytes)),
      ),
    );
  }

  async join(welcome: Uint8Array): Promise<void> {
    this.#conversation = await this.#core.transaction((context) =>
      context.processWelcomeMessage(new Welcome(welcome)),
    );
  }

  update(): Promise<Handout<Uint8Array>> {
    return this.#commit((context, conversation) => context.updateKeyingMaterial(conversation));
  }

  async remove(member: Person<Uint8Array>): Promise<Handout<Uint8Array>> {
    if (!(member instanceof CoreCryptoPerson)) throw new TypeError('not one of core-crypto');
    return this.#commit((context, conversation) =>
      context.removeClientsFromConversation(conversation, [member.#client]),
    );
  }

  async process(commit: Uint8Array): Promise<void> {
    await this.#core.transaction((context) => context.decryptMessage(this.#seat, commit));
  }

  encrypt(plaintext: Uint8Array): Promise<Uint8Array> {
    return this.#core.transaction((context) => context.encryptMessage(this.#seat, plaintext));
  }

  async decrypt(message: Uint8Array): Promise<Uint8Array> {
    const decrypted = await this.#core.transaction((context) => context.decryptMessage(this.#seat, message));
    const { plaintext } = decrypted.inner as { plaintext?: Uint8Array };
    if (plaintext === undefined) throw new Error('not a message');
    return plaintext;
  }

  async forgetGroup(): Promise<void> {
    await this.#core.transaction((context) => context.wipeConversation(this.#seat));
    this.#conversation = undefined;
  }

  async free(): Promise<void> {
    this.#core.uniffiDestroy();
  }

  storeBytes(): undefined {
    return undefined;
  }

  written(): undefined {
    return undefined;
  }

  get #seat(): ConversationId {
    if (this.#conversation === undefined) throw new Error('no conversation');
    return this.#conversation;
  }

  get #own(): CredentialRef {
    if (this.#credential === undefined) throw new Error('no credential');
    return this.#credential;
  }

  async #commit(
    operation: (context: CoreCryptoContext, conversation: ConversationId) => Promise<void>,
  ): Promise<Handout<Uint8Array>> {
    await this.#core.transaction((context) => operation(context, this.#seat));
    const bundle = this.#bundle;
    if (bundle === undefined) throw new Error('no commit was sent');
    return { commit: bundle.commit, welcome: bundle.welcome?.serialize() };
  }
}
