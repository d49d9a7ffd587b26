import { setTimeout as sleep } from 'node:timers/promises';
import type { Accepted, Posted, RelayErrorCode, RelayErrorDetails } from '@quicprochat/protocol';
import { refusalOf } from '../../../../../packages/relay/test/support/api.ts';
import { TestGroup } from '../../../../../packages/relay/test/support/group.ts';
import { LogModel, payloadOf, type Problem, type Sent } from './log-model.ts';

const GROUPS = 4;
const POSTERS = 3;
const RIVALS = 3;
/** Messages that stand or fall together. */
const IN_ONE_POST = 2;
/** After so many more entries of a group, its rivals commit. */
const BETWEEN_COMMITS = 20;
/** A write that is not answered for so long ends the test. */
const PATIENCE_MS = 60_000;

type Answer<Result> = Result | { code: RelayErrorCode; details: RelayErrorDetails };

/** Clients that post into several groups and race for their epochs, each repeating a write until it is answered. */
export class Writers {
  readonly models: readonly LogModel[];
  /** Answers that storage was not there. */
  unavailable = 0;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  private constructor(groups: readonly TestGroup[]) {
    this.models = groups.map((group) => new LogModel(group));
    this.#running = Promise.all(this.models.flatMap((model) => this.#startOn(model)));
    // Told where they are stopped; until then it is no rejection that nobody has handled.
    this.#running.catch(() => undefined);
  }

  static async start(url: string): Promise<Writers> {
    return new Writers(await Promise.all(Array.from({ length: GROUPS }, () => new TestGroup(url).create())));
  }

  get acknowledged(): number {
    return this.models.reduce((sum, model) => sum + model.acknowledged, 0);
  }

  get problems(): readonly Problem[] {
    return this.models.flatMap(({ problems }) => problems);
  }

  /** Compares every log with what was acknowledged. */
  async compare(options?: { whole: boolean }): Promise<void> {
    for (const model of this.models) await model.compare(options);
  }

  /** Lets every write that has begun come to its answer. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  #startOn(model: LogModel): Promise<void>[] {
    return [this.#race(model), ...Array.from({ length: POSTERS }, () => this.#post(model))];
  }

  async #post(model: LogModel): Promise<void> {
    const { group } = model;
    while (!this.#isStopped()) {
      const entries = Array.from({ length: IN_ONE_POST }, () => model.entry('message'));
      const { epoch } = group;
      const batch = entries.map(({ id }) => ({ id, payload: payloadOf(id) }));
      const answer = await this.#untilAnswered<Posted>(() => group.postAll(batch, { epoch }));
      for (const [i, entry] of entries.entries()) {
        if ('sequences' in answer) model.acknowledge(entry.id, answer.sequences[i] ?? 0);
        else if (answer.code === 'STALE_EPOCH') model.refuse(entry.id);
        else model.unexpected(entry, answer.code);
      }
      // Whose message came too late waits to be told who ended the epoch.
      while ('code' in answer && group.epoch === epoch && !this.#isStopped()) await sleep(2);
    }
  }

  /** Time and again several members commit on one epoch at once, of whom one is to win. */
  async #race(model: LogModel): Promise<void> {
    while (!this.#isStopped()) {
      const due = model.acknowledged + BETWEEN_COMMITS;
      while (model.acknowledged < due && !this.#isStopped()) await sleep(2);
      const rivals = Array.from({ length: RIVALS }, () => model.entry('commit'));
      const won = await Promise.all(rivals.map((rival) => this.#commit(model, rival)));
      const winners = rivals.filter((_, i) => won[i]);
      if (winners.length !== 1)
        for (const rival of rivals) model.unexpected(rival, `one of ${winners.length} winners`);
    }
  }

  async #commit(model: LogModel, rival: Sent): Promise<boolean> {
    const { id, epoch, nextKey } = rival;
    const { group } = model;
    const answer = await this.#untilAnswered<Accepted>(() =>
      group.api.groups.commit.mutate(
        group.commitInput({ id, epoch, payload: payloadOf(id), ...(nextKey && { nextKey }) }),
      ),
    );
    if ('sequence' in answer) {
      model.acknowledge(id, answer.sequence);
      return true;
    }
    const { winner } = answer.details;
    if (answer.code !== 'EPOCH_CONFLICT' || winner === undefined) model.unexpected(rival, answer.code);
    else {
      model.refuse(id);
      model.acknowledge(winner.id, winner.sequence);
    }
    return false;
  }

  /** The same entry again, under a fresh proof, until the relay says what became of it. */
  async #untilAnswered<Result extends object>(write: () => Promise<Result>): Promise<Answer<Result>> {
    for (const begun = Date.now(); Date.now() < begun + PATIENCE_MS; await sleep(10)) {
      const call = write();
      const answer = await call.catch(() => refusalOf(call).catch(() => undefined));
      if (answer === undefined) continue;
      if (!('code' in answer) || answer.code !== 'UNAVAILABLE') return answer;
      this.unavailable += 1;
    }
    throw new Error(`a write was not answered for ${PATIENCE_MS} ms`);
  }
}
