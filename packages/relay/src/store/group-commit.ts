import type { RelayPlatform } from '../platform.ts';
import { isStorageFault } from './faults.ts';
import type { Statements } from './statements.ts';

/**
 * How long a group takes writers in, as long as each round of the event loop brings more. Not one round alone: Node accepts
 * one connection in each, so clients that come back all at once would wait for one commit apiece.
 */
const MOST_GATHERING_MS = 5;

/**
 * Lets writes share the wait for the disk. SQLite has one writer at a time, so they take turns. The first one begins a
 * transaction, those who come while the event loop goes on bringing some join it, and one commit is for all of them; what
 * comes while the disk is waited for is the next group. Under load that is one commit for dozens of writes, and who writes
 * alone waits for nobody.
 *
 * Each write is all or nothing for itself. Where the disk fails, all of the group are undone, and told so.
 */
export class GroupCommit {
  readonly #statements: Statements;
  readonly #platform: RelayPlatform;
  readonly #queue = new Queue();
  #group: Group | undefined;

  constructor(statements: Statements, platform: RelayPlatform) {
    this.#statements = statements;
    this.#platform = platform;
  }

  /** Waits for a turn to write within the group's transaction. Who gets it must {@link Turn.end} it. */
  async turn(): Promise<Turn> {
    const pass = await this.#queue.next();
    try {
      const group = this.#group ?? this.#begin();
      group.writers += 1;
      return new Turn(this.#statements, group, { pass, undo: (fault) => this.#undo(group, fault) });
    } catch (error) {
      pass();
      throw error;
    }
  }

  /** Does what has to stand outside of any transaction, as pragmas and changes of tables. */
  async alone<T>(work: () => T): Promise<T> {
    const pass = await this.#queue.next();
    try {
      if (this.#group !== undefined) this.#commit(this.#group);
      return work();
    } finally {
      pass();
    }
  }

  #begin(): Group {
    // At once as a writer: who begins as a reader fails where another process writes in between.
    this.#statements.control('begin immediate');
    const group = new Group(this.#platform.elapsedMs());
    this.#group = group;
    this.#gather(group, 0);
    return group;
  }

  /** Closes the group after a round of the event loop that brought nobody, or when it has gathered for long enough. */
  #gather(group: Group, writers: number): void {
    this.#platform.nextRound(() => {
      const gatheredMs = this.#platform.elapsedMs() - group.begunMs;
      const isOver = group.writers === writers || gatheredMs > MOST_GATHERING_MS;
      if (isOver) void this.#close(group);
      else this.#gather(group, group.writers);
    });
  }

  /** Queues like everyone, so that who came before it is part of the group. */
  async #close(group: Group): Promise<void> {
    const pass = await this.#queue.next();
    try {
      if (this.#group === group) this.#commit(group);
    } finally {
      pass();
    }
  }

  #commit(group: Group): void {
    try {
      this.#statements.commit();
      this.#group = undefined;
      group.settle();
    } catch (fault) {
      this.#undo(group, fault);
    }
  }

  #undo(group: Group, fault: unknown): void {
    this.#group = undefined;
    group.fail(fault);
    // SQLite may have undone it by itself (sqlite.org/lang_transaction.html), and to do so once more is an error.
    if (this.#statements.database.inTransaction) this.#statements.control('rollback');
  }
}

/** What goes to the disk together. */
class Group {
  readonly begunMs: number;
  writers = 0;
  settle: () => void = () => undefined;
  fail: (fault: unknown) => void = () => undefined;
  readonly stored = new Promise<void>((resolve, reject) => {
    this.settle = resolve;
    this.fail = reject;
  });

  constructor(begunMs: number) {
    this.begunMs = begunMs;
    // Where it fails, those who wait are told. There may be nobody.
    this.stored.catch(() => undefined);
  }
}

/** One writer's part in a group. */
export class Turn {
  readonly #statements: Statements;
  readonly #group: Group;
  readonly #after: { pass: () => void; undo: (fault: unknown) => void };
  #fault: { error: unknown } | undefined;

  constructor(
    statements: Statements,
    group: Group,
    after: { pass: () => void; undo: (fault: unknown) => void },
  ) {
    this.#statements = statements;
    this.#group = group;
    this.#after = after;
  }

  /** Marks what {@link undo} goes back to. */
  mark(): void {
    this.run(() => this.#statements.control('savepoint turn'));
  }

  /** Carries out a statement. Where the disk fails it, the whole group is undone. */
  run<T>(statement: () => T): T {
    // Else what comes after a fault would be carried out for itself, with no transaction around it.
    if (this.#fault !== undefined) throw this.#fault.error;
    try {
      return statement();
    } catch (error) {
      if (isStorageFault(error) || !this.#statements.database.inTransaction) {
        this.#fault = { error };
        this.#after.undo(error);
      }
      throw error;
    }
  }

  keep(): void {
    this.run(() => this.#statements.control('release turn'));
  }

  /** Undoes what was done since the mark, and nothing of the neighbours. */
  undo(): void {
    if (this.#fault !== undefined) return;
    this.run(() => {
      this.#statements.control('rollback to turn');
      this.#statements.control('release turn');
    });
  }

  /**
   * Passes the turn on, and waits until the group is on the disk; rejects where it was undone. Who was refused waits too:
   * the reason may be what a neighbour wrote, and nobody is told of that before it is stored.
   */
  end(): Promise<void> {
    this.#after.pass();
    return this.#group.stored;
  }
}

/** Lets one in at a time, in the order in which they came. */
class Queue {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is one's turn, with what passes it on. */
  next(): Promise<() => void> {
    const before = this.#last;
    let pass: () => void = () => undefined;
    this.#last = new Promise((resolve) => (pass = resolve));
    return before.then(() => pass);
  }
}
