import { QuicprochatError, type Client, type Conversation } from '@quicprochat/sdk';
import { Rng } from '@quicprochat/testkit';
import { Device, type Open } from './device.ts';
import { Disk, MISHAPS, type DiskFaults } from './disk.ts';
import { Mischief } from './mischief.ts';
import type { Network } from './network.ts';
import type { Scheduler } from './scheduler.ts';
import type { Tally } from './tally.ts';

/**
 * A message that a person tried to send, and how the call ended. The outcome stays unknown if the tab was killed during
 * the call, or if it was too late to cancel.
 */
export interface Said {
  /** The conversation that it was said in. */
  conversationId: string;
  text: string;
  by: string;
  outcome: 'unknown' | 'sent' | 'cancelled' | 'refused';
  /** The error code, if the message was refused. */
  refusal?: string;
  /** Whether it waited when the storage was put back or copied, so that no call can tell what becomes of it. */
  isUncertain?: boolean;
  /** Whether it was to be cancelled. A storage that is put back to before that sends it after all. */
  isRevocable?: boolean;
  /** The tab that it was said in. */
  tab: string;
  /** Whether it may stand after what was said later. */
  mayComeLate?: boolean;
  /** Whether it is longer than a message can be, so that it must be refused. */
  isTooLong?: boolean;
}

/** How a message is put together. */
interface Saying {
  cancelAfterMs?: number | undefined;
  /** What follows the name and the number in a long text. */
  filler?: string;
  isTooLong?: boolean;
}

/** The longest message as it is encoded, in bytes: with the mark of one that is said again, 64 KiB. */
const LONGEST_BYTES = 64 * 1024 - ',"again":true'.length;

/** How soon a frozen link must be noticed by a tab in which something waits. */
const NOTICED_WITHIN_MS = 20_000;

/** How many storages are locked. */
const LOCKED = 0.4;

/** A person with one device and any number of open tabs. For some time there can be a clone of the device. */
export class Person {
  readonly handle: string;
  /** Whether this person comes and goes. Everybody else stays in the conversations. */
  readonly isGuest: boolean;
  /** Whether this person’s program is made to harm the others. Only what it does to them counts. */
  readonly isHostile: boolean;
  /** What the program does, if it is. */
  readonly mischief: Mischief;
  readonly said: Said[] = [];
  /** Whether the storage was put back: then this device may have forgotten messages that it sent. */
  wasPutBack = false;
  /** How often the device was cloned. */
  clones = 0;
  /** The number of the first message that was said after all that a clone did had settled. */
  inOrderFrom: number | undefined;
  /** Conversations that this device could not follow any more, and that somebody has added it to again. */
  readonly rescued = new Set<string>();
  readonly #rng: Rng;
  readonly #network: Network;
  readonly #tally: Tally;
  #device: Device;
  #clone: Device | undefined;
  /** Whether the storage was put back, and not the key ring. */
  #hasLostKeys = false;
  #changes = 0;
  #reads = 0;
  /** Of clones that were thrown away. */
  #postedLate = 0;
  readonly #earlierIntrusions: string[] = [];
  readonly #earlierShownOnline: string[] = [];

  constructor(
    {
      handle,
      isGuest = false,
      isHostile = false,
    }: { handle: string; isGuest?: boolean; isHostile?: boolean },
    { seed, ...parts }: { scheduler: Scheduler; network: Network; tally: Tally; seed: number },
  ) {
    this.handle = handle;
    this.isGuest = isGuest;
    this.isHostile = isHostile;
    this.#network = parts.network;
    this.#tally = parts.tally;
    this.#rng = new Rng(seed);
    const isLocked = this.#rng.chance(LOCKED);
    const disk = new Disk(new Rng(this.#rng.below(2 ** 31)), { isLocked, tally: parts.tally });
    this.mischief = new Mischief(new Rng(seed));
    const { mischief } = this;
    this.#device = new Device({ name: handle, handle, disk }, { ...parts, rng: this.#rng, mischief });
  }

  /** How storages fail, in all tabs. */
  set diskFaults(faults: DiskFaults) {
    for (const { disk } of this.#devices) disk.faults = faults;
  }

  /** Whether the device was cloned: then it has not written all that was sent in its name. */
  get wasCloned(): boolean {
    return this.clones > 0;
  }

  /** Whether this device may have to be removed and added again. */
  get canBeLeftBehind(): boolean {
    return this.wasCloned || this.#hasLostKeys;
  }

  get isOpen(): boolean {
    return this.#device.isOpen;
  }

  /** Clients that have finished opening. */
  get clients(): Client[] {
    return this.#device.clients;
  }

  /** Calls of open tabs that have not ended yet. */
  get calls(): string[] {
    return this.#device.calls;
  }

  /** How many messages were sealed under keys that a copy was known to have, and posted. */
  get postedLate(): number {
    return this.#devices.reduce((sum, { keyUse }) => sum + keyUse.postedLate, this.#postedLate);
  }

  openTab(): void {
    this.#either().openTab();
  }

  killTab(): void {
    this.#either().killTab();
  }

  killTabAfterCommit(delayMs: number): void {
    this.#either().killTabAfterCommit(delayMs);
  }

  /** See {@link Device.dieAt}. */
  dieAt(events: readonly number[]): void {
    this.#device.dieAt(events);
  }

  /** The events of the device’s tabs since {@link dieAt}, or since the last death. */
  get events(): number {
    return this.#device.events;
  }

  /** Stops killing tabs after commits. A kill that is already planned still happens. */
  spareTabs(): void {
    for (const device of this.#devices) device.spareTabs();
  }

  closeAll(): void {
    for (const device of this.#devices) device.closeAll();
  }

  /** @param options.isTold whether the system says so to the tabs */
  cutOff({ isTold }: { isTold: boolean }): void {
    const device = this.#either();
    this.#network.cutOff(device.name);
    if (isTold) device.sayConnectivity(false);
  }

  /** Gives the device a slow link. */
  slowDown(mostMs: number): void {
    this.#network.slowDown(this.#either().name, mostMs);
  }

  /** Gives the device a narrow link, for good. */
  narrow(bytesPerSecond: number): void {
    this.#network.narrow(this.#either().name, bytesPerSecond);
  }

  /**
   * Freezes the device’s link, and says something in the newest tab. Once that has waited for a while, the tab may not be
   * called online.
   */
  freezeLink(conversationId: string, freeze: { forMs: number; breaks: boolean }): void {
    const device = this.#either();
    this.#network.freeze(device.name, freeze);
    this.#sayIn(device.newest, conversationId);
    device.lookAfterFreeze(NOTICED_WITHIN_MS);
  }

  /** Which tabs called themselves online although their link was frozen and something waited. */
  get shownOnline(): string[] {
    return [...this.#earlierShownOnline, ...this.#devices.flatMap(({ shownOnline }) => shownOnline)];
  }

  reconnect({ isTold }: { isTold: boolean }): void {
    for (const device of this.#devices) {
      this.#network.reconnect(device.name);
      if (isTold) device.sayConnectivity(true);
    }
  }

  /** Freezes a tab. What it has not stored yet can come after what is said in another tab meanwhile. */
  freezeTab(forMs: number): void {
    const tab = this.#either().freezeTab(forMs);
    for (const one of this.said) if (one.tab === tab && one.outcome === 'unknown') one.mayComeLate = true;
  }

  thawTabs(): void {
    for (const device of this.#devices) device.thawTabs();
  }

  /** Sets the device’s clock to a time that is so far from the true one. */
  setClock(offMs: number): void {
    this.#either().clock.offMs = offMs;
  }

  /**
   * Closes all tabs, puts the storage back to what it was some commits ago, and opens a tab: what it did since is in the
   * relay's logs alone. Nobody knows what becomes of a message that was cancelled or refused since.
   *
   * @param options.mayBeLeftBehind whether the key ring may stay, so that somebody else has to add this device again
   */
  putBack({ mayBeLeftBehind }: { mayBeLeftBehind: boolean }): void {
    const device = this.#either();
    if (!device.disk.canBePutBack) return;
    const exceptRing = mayBeLeftBehind && this.#rng.chance(0.5);
    device.closeAll();
    device.disk.putBack({ exceptRing });
    this.wasPutBack = true;
    this.#hasLostKeys ||= exceptRing;
    this.#forgetOutcomes();
    this.#haveMishap(device);
    device.openTab();
  }

  /** Copies the device with all that it stores. From now on both are used, by clients that do not know of each other. */
  clone(): void {
    if (this.#clone !== undefined) return;
    this.clones += 1;
    this.#tally.add('clones made');
    this.#clone = this.#device.clone(`${this.handle}’s clone ${this.clones}`);
    // What waits is sent by both.
    this.#forgetOutcomes();
    this.#haveMishap(this.#clone);
    this.#clone.openTab();
  }

  /** Throws the clone away, or the device that it was made of. */
  endClone(): void {
    if (this.#clone === undefined) return;
    const [kept, gone] = this.#rng.chance(0.5) ? [this.#device, this.#clone] : [this.#clone, this.#device];
    gone.closeAll();
    this.#postedLate += gone.keyUse.postedLate;
    this.#earlierIntrusions.push(...gone.intrusions);
    this.#earlierShownOnline.push(...gone.shownOnline);
    this.#device = kept;
    this.#clone = undefined;
  }

  /** Somebody tries to open the storage without its secret. */
  intrude(): void {
    this.#either().intrude();
  }

  /** Changes what opens the storage, if it is locked. */
  changeSecret(): void {
    this.#either().changeSecret();
  }

  /** What opened the storage without its secret, or was told anything else than that it is locked. */
  get intrusions(): string[] {
    return [...this.#earlierIntrusions, ...this.#devices.flatMap(({ intrusions }) => intrusions)];
  }

  /** Marks everything as read in the newest tab. */
  read(conversationId: string): void {
    const { open, conversation } = this.#newest(conversationId) ?? {};
    const position = conversation?.lastMessage?.position;
    if (open === undefined || conversation === undefined || position === undefined) return;
    this.#reads += 1;
    note(
      open,
      `read ${this.#reads} of ${this.handle}`,
      conversation.markRead(position).catch(() => undefined),
    );
  }

  /** Sends a message from the newest tab, and cancels it after a delay if one is given. */
  say(conversationId: string, cancelAfterMs?: number): void {
    this.#sayIn(this.#either().newest, conversationId, { cancelAfterMs });
  }

  /**
   * Sends long texts at once from the newest tab. Each is as long as a message can be, or one byte longer.
   *
   * @param text.filler what they are made of
   */
  sayLong(conversationId: string, count: number, text: { filler: string; isTooLong: boolean }): void {
    for (let n = 0; n < count; n += 1) this.#sayIn(this.#either().newest, conversationId, text);
  }

  #sayIn(
    open: (Open & { client: Client }) | undefined,
    conversationId: string,
    { cancelAfterMs, filler, isTooLong = false }: Saying = {},
  ): void {
    const conversation = open && find(open.client, conversationId);
    if (open === undefined || conversation === undefined) return;
    const name = `${this.handle} ${this.said.length}`;
    const said: Said = {
      conversationId,
      text: filler === undefined ? name : longText(`${name} `, filler, LONGEST_BYTES + Number(isTooLong)),
      by: this.handle,
      tab: open.tab.name,
      outcome: 'unknown',
    };
    if (cancelAfterMs !== undefined) said.isRevocable = true;
    if (isTooLong) said.isTooLong = true;
    this.said.push(said);
    const cancelling = new AbortController();
    if (cancelAfterMs !== undefined) {
      const reason = new DOMException('Cancelled', 'AbortError');
      open.tab.after('cancels', () => cancelling.abort(reason), cancelAfterMs);
    }
    const sending = conversation.send(said.text, { signal: cancelling.signal }).then(
      () => {
        said.outcome = 'sent';
      },
      (error: unknown) => noteRefusal(said, error, cancelling.signal),
    );
    note(open, `“${name}”`, sending);
  }

  /** Sends many messages at once from the newest tab. */
  sayMany(conversationId: string, count: number, { isSettled = false } = {}): void {
    if (isSettled) this.inOrderFrom ??= this.said.length;
    for (let n = 0; n < count; n += 1) this.say(conversationId);
  }

  heal(conversationId: string): void {
    this.#change('heal', conversationId, (conversation) => conversation.heal());
  }

  invite(conversationId: string, handle: string): void {
    this.#change('invite', conversationId, ({ members }) => members.add([handle]));
  }

  remove(conversationId: string, handle: string): void {
    this.#change('remove', conversationId, ({ members }) => members.remove([handle]));
  }

  leave(conversationId: string): void {
    this.#change('leave', conversationId, (conversation) => conversation.leave());
  }

  /** Changes the group from the newest tab. That may end with an error: others may have been first. But it must end. */
  #change(
    what: string,
    conversationId: string,
    change: (conversation: Conversation) => Promise<unknown>,
  ): void {
    const newest = this.#newest(conversationId);
    if (newest === undefined) return;
    this.#changes += 1;
    const changing = change(newest.conversation).catch(() => undefined);
    note(newest.open, `${what} ${this.#changes} of ${this.handle}`, changing);
  }

  get #devices(): Device[] {
    return this.#clone === undefined ? [this.#device] : [this.#device, this.#clone];
  }

  /** The device, or its clone. */
  #either(): Device {
    return this.#rng.pick(this.#devices);
  }

  /** The newest tab of either whose client has finished opening, if it has the conversation. */
  #newest(conversationId: string): { open: Open; conversation: Conversation } | undefined {
    const open = this.#either().newest;
    const conversation = open && find(open.client, conversationId);
    return open && conversation && { open, conversation };
  }

  #forgetOutcomes(): void {
    for (const one of this.said) {
      if (one.outcome === 'sent') continue;
      one.outcome = 'unknown';
      one.isUncertain = true;
      one.mayComeLate ||= one.isRevocable ?? false;
    }
  }

  #haveMishap({ disk }: Device): void {
    if (this.#rng.chance(0.5)) disk.mishap = this.#rng.pick(MISHAPS);
  }
}

/** A text that needs exactly so many bytes in a message. Whatever no filler fits into is filled with full stops. */
function longText(start: string, filler: string, bytes: number): string {
  const bytesOf = (text: string) =>
    Buffer.byteLength(
      JSON.stringify({ v: 1, id: '0'.repeat(32), at: 1_000_000_000_000, type: 'text', text }),
    );
  const room = bytes - bytesOf(start);
  const each = bytesOf(filler) - bytesOf('');
  return start + filler.repeat(Math.floor(room / each)) + '.'.repeat(room % each);
}

/** Lists a call until it ends. */
function note({ calls }: Open, name: string, call: Promise<unknown>): void {
  calls.add(name);
  void call.then(() => calls.delete(name));
}

/**
 * Errors that do not tell whether the message is sent. A storage can fail after the message was stored. A device that a
 * clone has left behind cannot tell who could open what it sent before.
 */
const UNDECIDED: ReadonlySet<string> = new Set([
  'TOO_LATE_TO_CANCEL',
  'STORE_UNAVAILABLE',
  'CONVERSATION_STUCK',
]);

function isUndecided(error: unknown): boolean {
  return error instanceof QuicprochatError && (UNDECIDED.has(error.code) || error.details['queued'] === true);
}

function noteRefusal(said: Said, error: unknown, { aborted, reason }: AbortSignal): void {
  if (said.isUncertain === true) return;
  if (aborted && error === reason) said.outcome = 'cancelled';
  else if (!isUndecided(error)) {
    said.outcome = 'refused';
    said.refusal = error instanceof QuicprochatError ? error.code : String(error);
  }
}

/** The conversation under this id, if the client has it yet. */
export function find(client: Client, conversationId: string): Conversation | undefined {
  return client.conversations.list().find(({ id }) => id === conversationId);
}
