import type { Order, Report } from './driver.ts';

/** Conversations that nobody leaves, and that the guest is added to. */
export const LASTING: readonly string[] = ['main 1', 'main 2'];

/** A text that was to be sent. Times are counted in orders and reports. */
export interface Said {
  text: string;
  by: string;
  /** The tab it was said in, and its number there. */
  tab: string;
  number: number;
  conversation: string;
  isRevocable: boolean;
  orderedAt: number;
  /** When it was known to stand in the sender's history, or to have reached the relay. */
  acceptedAt?: number;
  /** Whether the call has ended. */
  isEnded: boolean;
  outcome: 'unknown' | 'sent' | 'cancelled' | 'refused';
  refusal?: string;
}

/**
 * Errors that do not tell whether the message is sent: it may have been stored, and storage may have failed afterwards.
 */
const UNDECIDED: ReadonlySet<string> = new Set(['TOO_LATE_TO_CANCEL', 'STORE_UNAVAILABLE']);

/** What was ordered, and what the tabs have said of it. */
export class Book {
  readonly said = new Map<string, Said>();
  /** Members of each conversation who were told to leave it. */
  readonly leavers = new Map<string, Set<string>>();
  /** How often an order of each kind ended with each code. */
  readonly endings = new Map<string, number>();
  /** How many orders of each kind were given. */
  readonly orders = new Map<string, number>();
  readonly #numbers = new Map<string, number>();
  #now = 0;

  /** How many calls of these tabs have not ended. */
  openIn(tabs: readonly string[]): number {
    return [...this.said.values()].filter(({ tab, isEnded }) => !isEnded && tabs.includes(tab)).length;
  }

  get conversations(): string[] {
    return [...this.leavers.keys()];
  }

  /** A text for a tab, which nobody else has. */
  say(tab: string, { by, conversation, isRevocable }: Pick<Said, 'by' | 'conversation' | 'isRevocable'>) {
    const number = this.#next(this.#numbers, tab);
    const text = `${tab} ${number}`;
    const what = { text, by, tab, number, conversation, isRevocable };
    this.said.set(text, { ...what, orderedAt: ++this.#now, isEnded: false, outcome: 'unknown' });
    return text;
  }

  /** Notes an order before it is given. */
  note({ kind, conversation }: Order, by: string): void {
    this.#next(this.orders, kind);
    if (kind === 'create') this.leavers.set(conversation, new Set());
    if (kind === 'leave') this.leavers.get(conversation)?.add(by);
  }

  readonly hear = (report: Report): void => {
    const now = ++this.#now;
    if (report.told === 'ended') {
      this.#next(this.endings, `${report.kind} ${report.code}`);
      return;
    }
    const said = this.said.get(report.text);
    if (said === undefined) throw new Error(`Nobody was told to say “${report.text}”.`);
    said.isEnded ||= report.told !== 'accepted';
    if (report.told === 'accepted') said.acceptedAt ??= now;
    else if (report.told !== 'refused') said.outcome = report.told;
    else if (report.isQueued) said.acceptedAt ??= now;
    else {
      this.#next(this.endings, `${said.isRevocable ? 'cancel' : 'send'} ${report.code}`);
      if (UNDECIDED.has(report.code)) return;
      said.outcome = 'refused';
      said.refusal = report.code;
    }
    if (report.told === 'sent') said.acceptedAt ??= now;
  };

  #next(counts: Map<string, number>, name: string): number {
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    return count;
  }
}

/**
 * Whether a message must reach everybody: `send` has resolved, or it stood in the history of its sender. Nobody knows of
 * one that was to be cancelled, unless `send` has resolved.
 */
export function isAcknowledged({ outcome, acceptedAt, isRevocable }: Said): boolean {
  return outcome === 'sent' || (outcome === 'unknown' && acceptedAt !== undefined && !isRevocable);
}
