/**
 * One device, and its seat in the one group that it is in: what a contender is made of. Every change is merged at once
 * and, where the engine keeps a journal, saved. `crates/core/benches/peer/play.rs` has its twin.
 */
export interface Person<Welcome> {
  keyPackage(): Promise<Uint8Array>;
  create(): Promise<void>;
  add(keyPackages: readonly Uint8Array[]): Promise<Handout<Welcome>>;
  /** As the joiner with this place among the key packages that were added. */
  join(welcome: Welcome, index: number): Promise<void>;
  update(): Promise<Handout<Welcome>>;
  remove(member: Person<Welcome>): Promise<Handout<Welcome>>;
  process(commit: Uint8Array): Promise<void>;
  encrypt(plaintext: Uint8Array): Promise<Uint8Array>;
  decrypt(message: Uint8Array): Promise<Uint8Array>;
  /** Reads the group anew from the store; absent where the engine has no way to. */
  load?: () => Promise<void>;
  /** Deletes the group from the store. */
  forgetGroup(): Promise<void>;
  /** Gives the device's memory back. */
  free(): Promise<void>;
  /** Bytes of all that is stored, keys included; undefined where the engine does not tell. */
  storeBytes(): number | undefined;
  /** Bytes written since the last call, keys included; undefined where the engine does not tell. */
  written(): number | undefined;
}

/** A commit and what its joiners need. */
export interface Handout<Welcome> {
  commit: Uint8Array;
  welcome: Welcome | undefined;
}

/** A contender: makes people, and knows its own Welcomes and memory. */
export interface Engine<Welcome> {
  person(name: string, suite: number): Promise<Person<Welcome>>;
  /** What the relay has to store for all joiners of one commit, and what one of them downloads. */
  welcomeBytes(welcome: Welcome): { relay: number; joiner: number };
  /** Whether a device that comes back to a group gains by having known its members. */
  remembers: boolean;
  /** The most memory used so far, in bytes. */
  peakMemory(): number;
}
