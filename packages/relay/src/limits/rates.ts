/**
 * What is allowed in a minute, by kind: calls of one network address (generous, as a household shares one), calls of one
 * device that has signed in, and writes into one branch of a group's log and signals to those who follow it, wherever they
 * come from.
 *
 * Posts count by what they store and not by the call, as one call brings up to 64 messages. The limits let a busy
 * conversation keep up 1,000 messages a second of 2 KiB each, twice what one client of ours sends. The bytes bound what a
 * member can put on the disk. Commits count apart: messages without end do not keep out the commit that removes their
 * sender.
 */
export const RATES = {
  register: 600,
  signIn: 1_200,
  directory: 1_200,
  write: 12_000,
  device: 1_200,
  commit: 3_000,
  message: 60_000,
  messageBytes: 128 * 1024 * 1024,
  signal: 600,
} as const;

/**
 * What is allowed in a day of what stays: groups, and bytes of entries and Welcomes, that one network address adds, and
 * messages that a branch of a group's log takes from all addresses together. No address alone uses up a branch's day.
 * Commits are not counted for the branch: a flood must not keep out the commit that removes its sender.
 */
export const QUOTAS = {
  group: 1_000,
  storedBytes: 512 * 1024 * 1024,
  dailyMessage: 1_000_000,
  dailyMessageBytes: 2 * 1024 * 1024 * 1024,
} as const;

/**
 * What one address has of one other account or device in ten minutes. Single-use key packages of an account: a client of
 * ours keeps ten, so no address empties its pool before it can refill it. Welcomes to a device: whoever adds their own
 * new device to all of their groups brings many.
 */
export const SHARES = { keyPackage: 5, welcome: 50 } as const;

export type Rate = keyof typeof RATES | keyof typeof QUOTAS;
export type Share = keyof typeof SHARES;
