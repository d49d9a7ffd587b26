/** What runs have done, to see that they were not about nothing. */
const COUNTED = [
  'epochs',
  'commitsByOurs',
  'commitsByTsMls',
  /** Commits that neither add nor remove by themselves, by their committer's implementation. */
  'updatesByOurs',
  'updatesByTsMls',
  /** Commits that mix in PSKs. */
  'pskCommitsByOurs',
  'pskCommitsByTsMls',
  'joinsOfOurs',
  'joinsOfTsMls',
  /** Joins that ts-mls alone would have refused: ts-mls-join.ts. */
  'joinsByParts',
  /** Joins that need PSKs. */
  'joinsWithPsks',
  'rejoins',
  'removals',
  'proposedUpdates',
  'proposedLeaves',
  'lostCommits',
  'messages',
  /** Opened one or two epochs after their own. */
  'lateMessages',
  /** Opened after a newer one of the same author and epoch. */
  'overtakenMessages',
  /** Refused, as they had to be. */
  'refusedFlips',
  'refusedReplays',
  'refusedByRemoved',
  'refusedWithoutPsk',
] as const;

export type Tally = Record<(typeof COUNTED)[number], number>;

export function sumUp(tallies: readonly Tally[]): Tally {
  const sums = COUNTED.map((name) => [name, tallies.reduce((sum, tally) => sum + tally[name], 0)] as const);
  return Object.fromEntries(sums) as Tally;
}

export function emptyTally(): Tally {
  return sumUp([]);
}
