import type { Ground } from './ground.ts';
import { LoadGroup } from './load-group.ts';
import { lengthen } from './long-log.ts';
import { Member, type OnEntry } from './member.ts';

/** One address gets half of QPC_MAX_STREAMS, which is 25,000 unless set. */
const STREAMS_PER_ADDRESS = 10_000;

/** Connections that are opened at once while a crowd gathers. */
const AT_ONCE = 50;

export interface Room {
  group: LoadGroup;
  members: Member[];
}

/** Groups whose members each hold one stream. */
export class Crowd implements Disposable {
  readonly rooms: readonly Room[];
  readonly members: readonly Member[];
  readonly #url: string;

  private constructor(url: string, rooms: readonly Room[]) {
    this.rooms = rooms;
    this.members = rooms.flatMap(({ members }) => members);
    this.#url = url;
  }

  /** Makes the groups; nobody is there yet. */
  static async of({ calls, url }: Ground, sizes: readonly number[], onEntry: OnEntry): Promise<Crowd> {
    let streams = 0;
    const rooms: Room[] = [];
    for (const size of sizes) {
      const group = await new LoadGroup(calls).create();
      const members = Array.from({ length: size }, () => {
        const from = `127.0.0.${1 + Math.floor(streams++ / STREAMS_PER_ADDRESS)}`;
        return new Member(group, from, onEntry);
      });
      rooms.push({ group, members });
    }
    return new Crowd(url, rooms);
  }

  /** Gives each group, while it is new, a log of so many entries, which all its members have already. */
  lengthenLogs(ground: Ground, length: number): void {
    for (const { group } of this.rooms) lengthen(group, ground, length);
    for (const member of this.members) member.cursor = length;
  }

  /** Everyone comes, a few at a time. */
  async gather(): Promise<void> {
    const waiting = this.members.values();
    const usher = async () => {
      for (const member of waiting) await member.open(this.#url);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, usher));
  }

  /** Everyone comes at once, each for itself. */
  async storm(): Promise<void> {
    await Promise.all(this.members.map((member) => member.open(this.#url)));
  }

  /** What members were given that was not the next entry, or not given although it was acknowledged. */
  lost(acknowledged: ReadonlyMap<LoadGroup, number>): number {
    return this.rooms
      .flatMap(({ group, members }) =>
        members.map(
          ({ cursor, misplaced }) => misplaced + Math.max(0, (acknowledged.get(group) ?? 0) - cursor),
        ),
      )
      .reduce((total, one) => total + one, 0);
  }

  [Symbol.dispose](): void {
    for (const member of this.members) member.close();
  }
}

/** So many groups of one size. */
export function groupsOf(size: number, count: number): number[] {
  return Array.from({ length: count }, () => size);
}
