import type { GroupId } from '@quicprochat/protocol';
import type { RelayRouter } from '@quicprochat/relay';
import { newId, type Rng } from '@quicprochat/testkit';
import { newBlob, type TestBlob } from '../../../../../packages/relay/test/support/blob.ts';
import { TestDevice } from '../../../../../packages/relay/test/support/device.ts';
import { TestGroup } from '../../../../../packages/relay/test/support/group.ts';

type Rooms = RelayRouter['_def']['record'];
/** The full name of a procedure, by the router's own type: a new one has to get a call in calls.ts. */
export type Procedure = { [R in keyof Rooms]: `${R}.${keyof Rooms[R] & string}` }[keyof Rooms];

/** A call as a client would make it, or as one would that has gone astray in a way which its signatures cover. */
export interface Call {
  procedure: Procedure;
  input: unknown;
  token?: string | undefined;
  /** What the world has to take note of where the call succeeds. */
  succeeded?: () => void | Promise<void>;
}

const DEVICES = 3;
const GROUPS = 2;

/** Signed-in devices and members' keys, so that calls get past what strangers are stopped by. */
export class World {
  readonly url: string;
  readonly devices: TestDevice[] = [];
  readonly groups: TestGroup[] = [];
  /** Blobs that are whole, each of a group that was there. */
  readonly blobs: TestBlob[] = [];
  /** Ids of entries that were stored, so that some come twice. */
  readonly entryIds: string[] = [newId()];
  /** Nonces of proofs that were sent. */
  readonly nonces: Uint8Array[] = [new Uint8Array(16)];
  /** Tickets that were given out, and redeemed or not. */
  readonly tickets: string[] = [newId()];

  private constructor(url: string) {
    this.url = url;
  }

  static async create(url: string): Promise<World> {
    const world = new World(url);
    while (world.devices.length < DEVICES) world.devices.push(await world.stranger().register());
    while (world.groups.length < GROUPS) world.groups.push(await new TestGroup(url).create());
    for (const group of world.groups) world.blobs.push(await newBlob(url, group).upload());
    return world;
  }

  /** A device that nobody knows yet. */
  stranger(handle = `p-${newId().slice(0, 12)}`): TestDevice {
    return new TestDevice(this.url, handle);
  }

  /** The members' side of a group that is not there yet, or of one whose keys they do not have. */
  group(id?: GroupId): TestGroup {
    return new TestGroup(this.url, id);
  }

  /** Takes one in and lets another one go: logs and pools stay short. */
  adopt(newcomer: TestDevice | TestGroup, rng: Rng): void {
    if (newcomer instanceof TestDevice) this.devices[rng.below(DEVICES)] = newcomer;
    else this.groups[rng.below(GROUPS)] = newcomer;
  }

  /** Something that was sent before, or `fresh`. */
  static again<T>(used: readonly T[], fresh: T, rng: Rng): T {
    return rng.chance(1 / 4) ? rng.pick(used) : fresh;
  }

  /** So that it comes again, unless too much comes after it. */
  static remember<T>(used: T[], one: T): T {
    if (used.length >= 8) used.shift();
    used.push(one);
    return one;
  }
}
