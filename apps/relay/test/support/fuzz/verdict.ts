import { isRelayErrorCode, type RelayErrorCode, type RelayErrorData } from '@quicprochat/protocol';
import type { Received, Sent } from './wire.ts';

export type Outcome = 'OK' | RelayErrorCode;

interface Envelope {
  result?: unknown;
  error?: { message: string; data?: RelayErrorData };
}

/** What a relay never says of itself. */
const REVEALING =
  /node_modules|\.[tj]s:\d|\/(src|tmp|home|usr|dist)\/|SQLITE|sqlite|ZodError|TRPCError|"stack"/;

/** How each call in an answer ended. Throws where the answer is not one that the rules allow. */
export function outcomesOf(received: Received, sent: Sent): Outcome[] {
  const { status, text, type } = received;
  const fail = (why: string): never => {
    const about = JSON.stringify({ ...sent, body: sent.body?.toString().slice(0, 500) });
    throw new Error(`${why}: ${status} ${type} ${text.slice(0, 500)} to ${about.slice(0, 2_000)}`);
  };
  if (REVEALING.test(text)) fail('it tells of itself');
  if (text === '' && hasNoBody(sent, received)) return [];
  if (type.startsWith('text/event-stream')) return [outcomeOfStream(text)];
  if (!type.startsWith('application/json')) fail('not JSON');
  const parsed = jsonOf(text);
  // The form for answers that come one after the other is tRPC's own, and has the same errors inside.
  const envelopes = sent.headers['trpc-accept'] === undefined ? [parsed].flat() : errorsOfLines(text);
  return envelopes.map((envelope) => {
    if (envelope === undefined) return fail('no answer');
    const { error, result } = envelope as Envelope;
    if (error === undefined) return result === undefined ? fail('neither result nor error') : 'OK';
    const code = error.data?.qpc.code;
    if (!isRelayErrorCode(code) || error.message !== code) return fail('not of the closed list');
    // Nothing was wrong with the relay, its store or the number of calls.
    if (code === 'INTERNAL' || code === 'UNAVAILABLE' || code === 'RATE_LIMITED') return fail(code);
    return code;
  });
}

/** HEAD, and the answer to a browser that asks what a page may do. */
function hasNoBody(sent: Sent, { status }: Received): boolean {
  return sent.method === 'HEAD' || status === 204;
}

function outcomeOfStream(text: string): Outcome {
  const code = /event: serialized-error\ndata: .*"qpc":\{"code":"(\w+)"/.exec(text)?.[1];
  if (code === undefined) return 'OK';
  if (!isRelayErrorCode(code) || code === 'INTERNAL') throw new Error(`a stream ended with ${text}`);
  return code;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The errors in a text of lines, each of which is JSON; what is none has no answer in it. */
function errorsOfLines(text: string): unknown[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map(jsonOf).flatMap((line) => (line === undefined ? [line] : errorsWithin(line)));
}

function errorsWithin(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return 'error' in value ? [value] : Object.values(value).flatMap(errorsWithin);
}

/** How often calls of each procedure ended in what. */
export class Coverage {
  readonly #counts = new Map<string, Map<Outcome, number>>();

  add(procedure: string, outcome: Outcome): void {
    const counts = this.#counts.get(procedure) ?? new Map<Outcome, number>();
    this.#counts.set(procedure, counts.set(outcome, (counts.get(outcome) ?? 0) + 1));
  }

  get calls(): number {
    return [...this.#counts.values()].flatMap((counts) => [...counts.values()]).reduce((a, b) => a + b, 0);
  }

  outcomesOf(procedure: string): Outcome[] {
    return [...(this.#counts.get(procedure)?.keys() ?? [])];
  }

  get outcomes(): Set<Outcome> {
    return new Set([...this.#counts.values()].flatMap((counts) => [...counts.keys()]));
  }

  /** A line for each procedure. */
  get lines(): string {
    const lines = [...this.#counts].map(([procedure, counts]) => {
      const most = [...counts].sort(([, a], [, b]) => b - a);
      return `${procedure}: ${most.map(([outcome, count]) => `${outcome} ${count}`).join(', ')}`;
    });
    return lines.sort().join('\n');
  }
}
