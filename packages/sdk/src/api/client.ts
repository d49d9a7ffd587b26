import { fromBase64Url, type GroupId } from '@quicprochat/protocol';
import {
  CANCELABLE,
  check,
  FILES,
  GROUPS_IN_MEMORY,
  LISTENER,
  RELAY_ADDRESS,
  STORAGE,
  UNLOCK,
  UPDATE_POLICY,
} from '../model/arguments.ts';
import { Contacts } from './contacts.ts';
import { isLocked, Keys, keySlotsOf, type KeySlot } from './keys.ts';
import { Conversations } from './conversations.ts';
import { openAccount } from '../account/registration.ts';
import { Driver } from '../sync/driver.ts';
import { strandLost } from '../log/endings.ts';
import { healAllFirst } from '../log/put-back.ts';
import { behindTheirLogs } from '../sync/heads.ts';
import { KeyPackages } from '../sync/key-packages.ts';
import { Welcomes } from '../sync/welcomes.ts';
import { deriveInWorker } from '../keys/derive.ts';
import { keyedStorage } from '../keys/keyed-storage.ts';
import { StoreKey } from '../keys/store-key.ts';
import { copyOf, type Unlock } from '../keys/unlock.ts';
import { Ledger } from '../state/ledger.ts';
import { Live, type Connection } from '../sync/live.ts';
import { Pass } from '../sync/pass.ts';
import { contacts, conversations, type AccountRow } from '../state/rows.ts';
import { isReadable } from '../state/standing.ts';
import type { Transaction } from '../state/transaction.ts';
import { sdkError, type QuicprochatError } from '../model/errors.ts';
import { absolute } from '../platform/files.ts';
import type { Platform, WorkerLike } from '../platform/platform.ts';
import type { Storage } from '../storage/storage.ts';
import { RelayClock } from '../transport/relay-clock.ts';
import { Relay } from '../transport/relay.ts';
import { ringsBehind } from '../worker/ring-calls.ts';
import { WorkerCore } from '../worker/worker-core.ts';
import { platform as ambientPlatform } from '#platform';

/** When this device makes fresh keys by itself: at whichever limit it reaches first. See docs: the healing window. */
export interface UpdatePolicy {
  /** Makes fresh keys after this many messages sent and received in a conversation. Default 100. */
  afterMessages: number;
  /** Makes fresh keys after this time, if there was any activity in it. Default 1 hour. */
  afterMs: number;
  /** Stops sending after this time without fresh keys, until there are fresh keys. Default 7 days. */
  hardStopMs: number;
}

export const DEFAULT_POLICY: UpdatePolicy = {
  afterMessages: 100,
  afterMs: 60 * 60 * 1_000,
  hardStopMs: 7 * 24 * 60 * 60 * 1_000,
};

const GROUPS_IN_MEMORY_BY_DEFAULT = 32;

export interface ClientOptions {
  /** The relay's address: http or https, a host and a port, and nothing after them. */
  relay: string;
  /**
   * Where the client keeps everything: `memoryStorage()`, `indexedDbStorage(name)`, or `sqliteStorage(path)` of the Node
   * entry. The client owns it from here on and closes it. If opening fails, the client closes it at once.
   */
  storage: Storage | Promise<Storage>;
  /**
   * Opens a locked storage: the passphrase, or the 32 bytes, of one of its key slots. A storage that opens by itself ignores
   * this. A new one gets it as its only key slot, so that its key is never stored unwrapped. A secret is copied at once, so
   * the caller can wipe it.
   */
  unlock?: Unlock;
  /** Needed the first time, to register. Later it may be left out; if given, it must match the account. */
  handle?: string;
  /** Keeps streams open, reconnects, and heals on time. Default true. If false, only calls talk to the relay. */
  live?: boolean;
  update?: Partial<UpdatePolicy>;
  /**
   * The most conversations whose keys stay in memory while nothing is done in them. Others are loaded from the storage
   * when they are needed. Default 32.
   */
  groupsInMemory?: number;
  /** Aborts the opening. It does not close a client that is already open. */
  signal?: AbortSignal;
  /** The address of the .wasm file (`@quicprochat/sdk/wasm`); by default, the file beside the SDK's own files. */
  wasm?: string | URL;
  /**
   * The address of the worker's file (`@quicprochat/sdk/worker`), or a function that starts the worker; by default, the
   * file beside the SDK's own files. Each passphrase that is tried or added runs in one more worker, which then ends. A
   * worker that stops is replaced by another one from the same source.
   */
  worker?: string | URL | (() => WorkerLike);
  /** The clock, randomness, network and threads to use. Simulations replace them. */
  platform?: Platform;
}

/** What a client is made of once its account is open. */
interface ClientParts {
  storeKey: StoreKey;
  ledger: Ledger;
  core: WorkerCore;
  platform: Platform;
  relay: Relay;
  relayClock: RelayClock;
  account: AccountRow;
  live: boolean;
}

/**
 * One device of one account: its conversations, its keys and its connection to the relay. All cryptography runs in a
 * worker that this client starts and that `close` ends.
 */
export class Client implements AsyncDisposable {
  readonly handle: string;
  /** 32 hex digits. */
  readonly deviceId: string;
  /** The account's Ed25519 public key. Safety numbers are computed from it. */
  readonly accountKey: Uint8Array;
  readonly relay: string;
  readonly conversations: Conversations;
  readonly contacts: Contacts;
  /** What opens the storage. */
  readonly keys: Keys;
  readonly #storeKey: StoreKey;
  readonly #ledger: Ledger;
  readonly #relay: Relay;
  readonly #relayClock: RelayClock;
  readonly #driver: Driver;
  readonly #welcomes: Welcomes;
  readonly #keyPackages: KeyPackages;
  readonly #live: Live | undefined;
  readonly #listeners = new Set<() => void>();
  #connection: Connection;

  /**
   * Opens the account in the storage, or registers `handle` if the storage is empty. Once registered, an account also
   * opens without a connection.
   *
   * @throws {UsageError} NOT_REGISTERED, HANDLE_MISMATCH, RELAY_MISMATCH, INVALID_ARGUMENT, WORKER_NOT_FOUND,
   *   WASM_NOT_FOUND, UNSUPPORTED_RUNTIME
   * @throws {TransportError} HANDLE_TAKEN; NETWORK, CLOCK_SKEW and PROTOCOL_VERSION_MISMATCH, only while registering
   * @throws {StorageError} STORE_UNAVAILABLE, STORE_VERSION, STORE_KEY_MISSING, or a core code that names the record;
   *   STORE_LOCKED if the storage needs `unlock`, PASSPHRASE_WRONG, SECRET_WRONG
   */
  static async create(options: ClientOptions): Promise<Client> {
    const unlock = copyOf((options as Partial<ClientOptions> | undefined)?.unlock);
    // Awaited before anything is judged: nobody else would hear it fail.
    const storage = await (options as Partial<ClientOptions> | undefined)?.storage;
    check(STORAGE, storage);
    return Client.#open(storage as Storage, options, unlock);
  }

  /**
   * Whether {@link create} needs `unlock` to open this storage. Does not close it.
   *
   * @throws {StorageError} STORE_UNAVAILABLE, STORE_VERSION, STORE_KEY_MISSING
   */
  static async isLocked(storage: Storage): Promise<boolean> {
    return isLocked(storage);
  }

  /**
   * Returns what opens this storage, as {@link keys} lists it for an open client: for instance, to ask the right passkey.
   * Does not close it.
   *
   * @throws {StorageError} STORE_UNAVAILABLE, STORE_VERSION, STORE_KEY_MISSING
   */
  static async keySlots(storage: Storage): Promise<KeySlot[]> {
    return keySlotsOf(storage);
  }

  /** If a step fails, closes everything that it has opened, including the storage. */
  static async #open(storage: Storage, options: ClientOptions, unlock: Unlock | undefined): Promise<Client> {
    let close = () => storage.close();
    try {
      check(RELAY_ADDRESS, options.relay);
      check(UPDATE_POLICY, options.update);
      check(GROUPS_IN_MEMORY, options.groupsInMemory);
      check(CANCELABLE, options);
      check(FILES, options);
      check(UNLOCK, unlock);
      options.signal?.throwIfAborted();
      const { origin } = new URL(options.relay);
      const platform = options.platform ?? ambientPlatform;
      const core = new WorkerCore(() => platform.spawnWorker(options.worker));
      close = () => {
        core.terminate();
        return storage.close();
      };
      await platform.publicCrypto.requireSupport();
      const wasm = absolute(options.wasm ?? platform.wasmUrl);
      const storeKey = await StoreKey.open(storage, {
        unlock,
        derive: deriveInWorker(platform, { worker: options.worker, wasm }),
        random: platform.random,
        clock: platform.clock,
      });
      const relayClock = new RelayClock(platform.clock);
      const { groupsInMemory = GROUPS_IN_MEMORY_BY_DEFAULT } = options;
      const keyed = keyedStorage(storage, storeKey);
      const ledger = new Ledger({ storage: keyed, core, platform, relayClock, groupsInMemory });
      close = () => closeBoth(ledger, storeKey);
      ledger.whenLost = strandLost;
      await core.initialize(wasm);
      storage.useKeyRing?.(ringsBehind(core));
      const { wasPutBack } = await ledger.open();
      if (wasPutBack) await healAllFirst(ledger);
      await ledger.settleNote();
      const relay = new Relay(origin, {
        signer: signerOf(ledger),
        platform,
        clock: relayClock,
        requireAllowed: () => ledger.storage.requireKnown(),
      });
      const { account, isNew } = await openAccount(ledger, relay, { handle: options.handle, origin });
      storeKey.forgetUnlock();
      const policy = { ...DEFAULT_POLICY, ...options.update };
      await ledger.transact((tx) => setPolicy(tx, policy));
      options.signal?.throwIfAborted();
      const client = new Client({
        storeKey,
        ledger,
        core,
        platform,
        relay,
        relayClock,
        account,
        live: options.live ?? true,
      });
      // Whoever has just registered can be added to groups as soon as this resolves.
      if (isNew) await client.#keyPackages.topUp();
      client.#live?.start();
      return client;
    } catch (error) {
      await close();
      throw error;
    }
  }

  private constructor(parts: ClientParts) {
    const { ledger, relay, platform, relayClock, account, live } = parts;
    const own = ledger.row(contacts, account.handle);
    this.handle = account.handle;
    this.deviceId = account.deviceId;
    this.accountKey = fromBase64Url(own?.accountKey ?? '');
    this.relay = account.relay;
    this.#storeKey = parts.storeKey;
    this.#ledger = ledger;
    this.#relay = relay;
    this.#relayClock = relayClock;
    this.#driver = new Driver({ ledger, relay, platform });
    this.#keyPackages = new KeyPackages({ ledger, relay, clock: platform.clock, relayClock });
    this.#welcomes = new Welcomes(ledger, relay, { driver: this.#driver, keyPackages: this.#keyPackages });
    this.conversations = new Conversations({
      ledger,
      platform,
      relay,
      driver: this.#driver,
      handle: account.handle,
      live,
    });
    this.contacts = new Contacts(ledger);
    this.keys = new Keys(parts.storeKey, () => this.#requireUsable());
    this.#connection = live ? 'connecting' : 'offline';
    ledger.onChange(() => {
      this.#notify();
    });
    for (const part of [relay, relayClock])
      part.onErrorChange(() => {
        this.#notify();
      });
    ledger.storage.onErrorChange(() => {
      this.#stop();
    });
    this.#live = live ? this.#prepareLive(parts) : undefined;
  }

  /** Whether new messages arrive by themselves now. Always `offline` without `live`. */
  get connection(): Connection {
    return this.#connection;
  }

  /**
   * The error to show while nothing can be sent or received until a person does something. Undefined otherwise. What waits
   * stays queued.
   *
   * - STORE_VERSION: a newer version has taken this storage over, in another tab or process. This client has stopped: what it
   *   holds in memory can be read, and every other call throws the same error. Load the newer version.
   * - PROTOCOL_VERSION_MISMATCH: the relay speaks another protocol. `details.update` says which side is behind: `app` or `relay`.
   * - CLOCK_SKEW: this device's clock is more than 48 hours from the relay's.
   */
  get trouble(): QuicprochatError | undefined {
    return this.#ledger.storage.error ?? this.#relay.error ?? this.#relayClock.error;
  }

  /**
   * Makes one pass over everything: reads Welcomes and logs, sends the outbox, and heals if it is due. For programs that
   * do not keep running; a live client does this all the time. An error in one conversation does not stop the others:
   * the pass does all it can, then throws the first error. A conversation's own error is its `trouble`.
   *
   * @throws {TransportError} NETWORK if the relay cannot be reached; the outbox stays queued
   * @throws {StorageError} STORE_VERSION if another version has taken the storage over
   */
  async sync(options: { signal?: AbortSignal } = {}): Promise<void> {
    check(CANCELABLE, options);
    this.#requireUsable();
    const pass = new Pass(options.signal);
    await pass.try(() => this.#keyPackages.topUp());
    const isRead = await pass.try(() => this.#welcomes.catchUp());
    // An invitation that was not read yet needs the key package that it was made for.
    if (isRead) await pass.try(() => this.#keyPackages.forgetExpired());
    let behind: ReadonlySet<GroupId> | undefined;
    await pass.try(async () => {
      behind = await behindTheirLogs(this.#ledger, this.#relay);
    });
    for (const { id } of this.#ledger.rows(conversations).filter(isReadable)) {
      // Whoever could not be told asks for each.
      const readLog = behind?.has(id) ?? true;
      if (!readLog) this.#driver.noteEnd(id);
      if (readLog || this.#driver.hasWork(id)) await pass.try(() => this.#driver.drive(id, { readLog }));
    }
    pass.end();
  }

  /**
   * Tries again at once instead of at the next scheduled time, for a button such as “Try now” or an app that knows that the
   * network is back. {@link connection} shows the result. A client without `live` schedules nothing: call {@link sync} there.
   *
   * @throws {UsageError} CLOSED
   * @throws {StorageError} STORE_VERSION if another version has taken the storage over
   */
  reconnect(): void {
    this.#requireUsable();
    this.#live?.reconnect();
  }

  /** Calls the listener after any change. Returns a function that stops this. */
  subscribe(listener: () => void): () => void {
    check(LISTENER, listener);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Ends the streams and the worker, and frees the worker's memory. The outbox stays in the storage. If the storage is
   * locked ({@link Keys.remove}), this is what locks it again.
   */
  async close(): Promise<void> {
    if (this.#connection === 'closed') return;
    this.#connection = 'closed';
    this.#live?.stop();
    this.conversations.close();
    await closeBoth(this.#ledger, this.#storeKey);
    this.#notify();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** For a client whose storage another version has taken over: it does nothing any more, and says so to all who wait. */
  #stop(): void {
    this.#live?.stop();
    this.#setConnection('offline');
    this.#ledger.outbox.wakeAll();
    this.conversations.wake();
    this.#notify();
  }

  #prepareLive({ ledger, core, platform, relay }: ClientParts): Live {
    return new Live({
      ledger,
      core,
      platform,
      relay,
      driver: this.#driver,
      welcomes: this.#welcomes,
      keyPackages: this.#keyPackages,
      onConnection: (connection) => {
        if (this.#setConnection(connection)) this.#notify();
      },
    });
  }

  /** Returns whether that is another one than before. */
  #setConnection(connection: Connection): boolean {
    if (this.#connection === 'closed' || this.#connection === connection) return false;
    this.#connection = connection;
    return true;
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #requireUsable(): void {
    if (this.#connection === 'closed') throw sdkError('CLOSED', 'The client is closed. Create a new one.');
    this.#ledger.storage.requireKnown();
  }
}

/** The ledger first: what it is in the middle of may need the key. */
async function closeBoth(ledger: Ledger, storeKey: StoreKey): Promise<void> {
  try {
    await ledger.close();
  } finally {
    storeKey.forget();
  }
}

/** Another policy than before makes other times due in every conversation. */
async function setPolicy(tx: Transaction, policy: UpdatePolicy): Promise<void> {
  await tx.call('client.policy', policy);
  if (!tx.touchedCore) return;
  for (const { id } of tx.stored(conversations).filter(isReadable)) tx.touchGroup(id);
}

function signerOf(ledger: Ledger) {
  return {
    device: (transcript: Uint8Array) => ledger.query('client.sign', { transcript }),
    group: (groupId: string, transcript: Uint8Array) => ledger.signAccess(groupId as GroupId, transcript),
  };
}
