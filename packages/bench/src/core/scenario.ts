/** The words that the orchestrator and its contenders share. */

export const TREES = ['bare', 'full', 'half-blank'] as const;

/**
 * How much of the tree has keys. bare: one bulk add, nobody but the creator has ever committed, as every new group is.
 * full: no node is blank; one of each pair of neighbours has committed since the last came in, in order of their
 * leaves. half-blank: the first half full, the second half added in bulk by the last of the first.
 */
export type Tree = (typeof TREES)[number];

export interface Scenario {
  suite: number;
  n: number;
  tree: Tree;
}

/** What is acted in one go: each story times one operation or several that need each other. */
export const STORIES = ['key package', 'create', 'bulk add', 'update', 'guest', 'message', 'load'] as const;
export type Story = (typeof STORIES)[number];

/** What is timed. */
export const OPERATIONS = [
  'key package',
  'create',
  'bulk add',
  'add one',
  'join',
  'rejoin',
  'remove',
  'commit',
  'process commit',
  'encrypt',
  'decrypt',
  'load',
] as const;
export type Operation = (typeof OPERATIONS)[number];

export type Request = ({ do: 'prepare' } & Scenario) | { do: 'story'; story: Story; repeat: number };

/** What one request showed: milliseconds of each operation, and sizes in bytes. */
export interface Observation {
  ms: Partial<Record<Operation, number[]>>;
  bytes: Record<string, number>;
}

export const suiteName = (suite: number): string => `0x${suite.toString(16).padStart(4, '0')}`;
