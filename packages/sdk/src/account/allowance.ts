const DAY_MS = 24 * 60 * 60 * 1_000;

/** At most so many of each kind in a day. It is forgotten with the process: it binds the other side, not us. */
export class DailyAllowance<TKind> {
  readonly #most: number;
  readonly #spent = new Map<TKind, { fromMs: number; count: number }>();

  constructor(most: number) {
    this.#most = most;
  }

  /** How many of the wanted there still may be; they count as spent. */
  take(kind: TKind, wanted: number, nowMs: number): number {
    const { fromMs, count } = this.#today(kind, nowMs);
    const granted = Math.min(wanted, this.#most - count);
    this.#spent.set(kind, { fromMs, count: count + granted });
    return granted;
  }

  /** Whether there still may be so many. */
  covers(kind: TKind, wanted: number, nowMs: number): boolean {
    return this.#today(kind, nowMs).count + wanted <= this.#most;
  }

  #today(kind: TKind, nowMs: number): { fromMs: number; count: number } {
    const last = this.#spent.get(kind);
    // A clock that was put back begins a day too.
    const isOver = last === undefined || Math.abs(nowMs - last.fromMs) >= DAY_MS;
    return isOver ? { fromMs: nowMs, count: 0 } : last;
  }
}
