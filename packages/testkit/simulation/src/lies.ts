import type { Rng } from '@quicprochat/testkit';
import type { Answer } from './relay.ts';

/** How many earlier answers of each kind a lie can repeat. */
const KEPT = 24;

/**
 * Where a new member begins to read. It has nothing to compare this with, so a lie about it keeps the member from reading
 * until somebody adds it again.
 */
const UNCHECKED = 'groupSequence';

/**
 * What the relay must not repeat to another one or a second time, since no client can tell, and what comes of it outlasts the
 * lies: a device that has the session of another reads its inbox, and a key package that was used before opens no
 * Welcome until somebody adds its device again.
 */
const GIVEN_ONCE: ReadonlySet<string> = new Set(['auth.login', 'keyPackages.claim']);

/** JSON, as the relay answers. */
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

type Path = readonly (string | number)[];

/**
 * What a hostile relay answers: what is true, with one thing in it changed, left out, doubled or put in another order; or
 * what it has answered before, to anybody and about any group.
 */
export class Lies {
  readonly #rng: Rng;
  /** By procedure, or by the type of an event. */
  readonly #earlier = new Map<string, Json[]>();

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  /** Keeps an answer, so that a lie can repeat it. */
  note(procedure: string, { body }: Answer): void {
    const data = dataOf(body);
    if (data !== undefined && !GIVEN_ONCE.has(procedure)) this.#keep(procedure, data);
  }

  /** Changes what a procedure answers, unless that is an error or a stream. */
  answer(procedure: string, answer: Answer): Answer {
    const data = dataOf(answer.body);
    if (data === undefined) return answer;
    const lie = this.#changed(data, this.#earlier.get(procedure) ?? []);
    return { ...answer, body: JSON.stringify({ result: { data: lie } }) };
  }

  /** Changes an event of a stream, unless it is a ping or the like. */
  frame(frame: Uint8Array): Uint8Array {
    const [, text] = /^data: (\{"type".*)\n\n$/.exec(Buffer.from(frame).toString()) ?? [];
    if (text === undefined) return frame;
    const event = JSON.parse(text) as { type: string; [key: string]: Json };
    const lie = this.#changed(event, this.#earlier.get(event.type) ?? []);
    this.#keep(event.type, event);
    return Buffer.from(`data: ${JSON.stringify(lie)}\n\n`);
  }

  #keep(kind: string, data: Json): void {
    const kept = this.#earlier.get(kind) ?? [];
    this.#earlier.set(kind, [...kept, data].slice(-KEPT));
  }

  #changed(data: Json, earlier: readonly Json[]): Json {
    const path = this.#rng.pick(pathsOf(data).filter((each) => each.at(-1) !== UNCHECKED));
    const others = earlier.flatMap((one) => at(one, path) ?? []);
    if (others.length > 0 && this.#rng.chance(0.4)) return put(data, path, this.#rng.pick(others));
    return put(data, path, this.#other(at(data, path) ?? null, others));
  }

  /** Something else in the place of a value. Undefined leaves it out. */
  #other(value: Json, others: readonly Json[]): Json | undefined {
    const pick = (choices: readonly (Json | undefined)[]) => choices[this.#rng.below(choices.length)];
    switch (typeof value) {
      case 'number':
        return pick([value - 1, value + 1, -1, 0, 0.5, 2 ** 31, 2 ** 53 - 1, 1e300, `${value}`, undefined]);
      case 'string':
        return pick([
          this.#flipped(value),
          '',
          `${value}A`,
          value.slice(0, -1),
          'é'.repeat(50),
          7,
          undefined,
        ]);
      case 'boolean':
        return pick([!value, undefined]);
      default:
        return Array.isArray(value) ? this.#otherList(value, others) : pick([null, [], {}, 'no', undefined]);
    }
  }

  #flipped(text: string): string {
    if (text === '') return 'A';
    const at = this.#rng.below(text.length);
    return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
  }

  #otherList(list: readonly Json[], others: readonly Json[]): Json | undefined {
    const n = this.#rng.below(list.length + 1);
    const foreign = others.filter((one) => Array.isArray(one)).flat();
    return this.#rng.pick<() => Json | undefined>([
      () => undefined,
      () => [],
      () => list.toReversed(),
      () => list.toSpliced(n, 1),
      () => [...list, ...list.slice(n)],
      () => list.slice(0, n),
      () => list.toSpliced(n, 0, foreign.length > 0 ? this.#rng.pick(foreign) : null),
    ])();
  }
}

/** Undefined if a call was answered with an error. */
function dataOf(body: string | undefined): Json | undefined {
  return body === undefined ? undefined : (JSON.parse(body) as { result?: { data?: Json } }).result?.data;
}

/** The places in a value, its own first. */
function pathsOf(value: Json): Path[] {
  const isComposed = typeof value === 'object' && value !== null;
  const below = isComposed
    ? Object.entries(value).flatMap(([key, child]) =>
        pathsOf(child).map((rest) => [Array.isArray(value) ? Number(key) : key, ...rest]),
      )
    : [];
  return [[], ...below];
}

function at(value: Json, path: Path): Json | undefined {
  return path.reduce<Json | undefined>(
    (inner, key) => (inner as { [key: string]: Json } | null | undefined)?.[key],
    value,
  );
}

function put(value: Json, [key, ...rest]: Path, child: Json | undefined): Json {
  if (key === undefined) return child ?? null;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as { [key: string]: Json };
  const inner = rest.length === 0 ? child : put(copy[key] ?? null, rest, child);
  if (inner !== undefined) copy[key] = inner;
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else Reflect.deleteProperty(copy, key);
  return copy;
}
