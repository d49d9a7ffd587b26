import { statfs } from 'node:fs/promises';
import type { RelayPlatform } from '../platform.ts';

/** How old the system's answer may be. */
const ASKED_EVERY_MS = 1_000;

/** Whether a disk has more free space than what is to stay free. */
export type HasRoom = () => Promise<boolean>;

/**
 * Asks the system at most once a second. If the system gives no answer, there is room: then a write of the store shows it.
 *
 * @param folder on the disk in question
 * @param minFreeBytes that are to stay free: for deleting and for the files beside a database, which need space, too
 */
export function diskRoom(folder: string, minFreeBytes: number, platform: RelayPlatform): HasRoom {
  let askedMs = -Infinity;
  let answer: Promise<boolean> = Promise.resolve(true);
  return () => {
    const nowMs = platform.elapsedMs();
    if (nowMs - askedMs >= ASKED_EVERY_MS) {
      askedMs = nowMs;
      answer = isAbove(folder, minFreeBytes);
    }
    return answer;
  };
}

async function isAbove(folder: string, minFreeBytes: number): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize >= minFreeBytes;
  } catch {
    return true;
  }
}
