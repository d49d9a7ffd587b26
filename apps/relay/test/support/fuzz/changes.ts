import fc from 'fast-check';

/** A piece of JSON text that no value of ours is written as. */
class Verbatim {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Changes something in a call after it was signed: which of its values, and what becomes of it. */
export interface Change {
  /** Counts the values of the input, itself included, from the start. */
  place: number;
  become: (value: unknown) => unknown;
}

/** What repeating makes of a value at most. */
const MOST_BYTES = 1_000_000;
const DELETED = Symbol('deleted');

const HOSTILE: unknown[] = [
  ...[null, true, '', 'x', [], {}, 0, -1, 0.5, 1e21, 2 ** 53, -(2 ** 53), '1', '-1', '9007199254740993'],
  ...['__proto__', 'constructor', '\ud800', 'e\u0301', '\u202e', '\u0000', '../../etc/passwd', "' OR 1=1 --"],
  ...['NaN', 'Infinity', '-0', '1e309', '-1e309', '0x10', '01', '1n', 'undefined', '{', '\u0000'].map(
    (text) => new Verbatim(text),
  ),
  new Verbatim('{"__proto__":{"toString":1}}'),
  new Verbatim('{"a":1,"a":2}'),
  new Verbatim('[{"__proto__":[]}]'),
  new Verbatim(`${'['.repeat(10_000)}${']'.repeat(10_000)}`),
  new Verbatim(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`),
];
const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  '0',
  'proof',
  'then',
];

const key = fc.oneof(fc.constantFrom(...KEYS), fc.string({ unit: 'binary' }));
const anything = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }),
  fc.string({ unit: 'binary', maxLength: 64 }),
  fc.double(),
  fc.integer().map((length) => 'A'.repeat(Math.abs(length % 200_000))),
);

const become: fc.Arbitrary<Change['become']> = fc.oneof(
  anything.map((other) => () => other),
  fc.constant(() => DELETED),
  fc.tuple(key, anything).map(
    ([name, added]) =>
      (value: unknown) =>
        isRecord(value) ? { ...value, ...own(name, added) } : value,
  ),
  fc.constantFrom(2, 3, 40, 2_000).map((times) => (value: unknown) => repeated(value, times)),
  fc.tuple(fc.nat(), fc.constantFrom('', '=', '+', '/', ' ', '\n', '\u0000', '\ud800', 'A', 'é')).map(
    ([at, put]) =>
      (value: unknown) =>
        typeof value === 'string' ? spliced(value, at, put) : value,
  ),
  fc
    .constantFrom(
      (number: number) => number + 1,
      (number: number) => -number,
      (number: number) => number + 0.5,
      (number: number) => number + 2 ** 53,
      (number: number) => String(number),
    )
    .map((count) => (value: unknown) => (typeof value === 'number' ? count(value) : value)),
);

export const change: fc.Arbitrary<Change> = fc.record({ place: fc.nat(60), become });

/** The JSON text of an input with these changes made, one after the other. */
export function changedText(input: unknown, changes: readonly Change[]): string {
  const changed = changes.reduce((value, one) => applied(value, one), input);
  return changed === DELETED ? '' : textOf(changed);
}

function applied(value: unknown, { place, become }: Change): unknown {
  let left = place % countOf(value);
  const visit = (here: unknown): unknown => {
    left -= 1;
    if (left === -1) return become(here);
    if (Array.isArray(here)) return here.map(visit).filter((item) => item !== DELETED);
    if (!isRecord(here)) return here;
    const entries = Object.entries(here).map(([name, item]): [string, unknown] => [name, visit(item)]);
    return Object.fromEntries(entries.filter(([, item]) => item !== DELETED));
  };
  return visit(value);
}

function countOf(value: unknown): number {
  const inner = Array.isArray(value) ? (value as unknown[]) : isRecord(value) ? Object.values(value) : [];
  return 1 + inner.reduce((sum: number, item) => sum + countOf(item), 0);
}

/** Like JSON.stringify, which can write neither what is no JSON nor a key of the name `__proto__`. */
function textOf(value: unknown): string {
  if (value instanceof Verbatim) return value.text;
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}:${textOf(item)}`);
  return `{${members.join()}}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Verbatim);
}

/** A record with this one field, also where an assignment would set the prototype instead. */
function own(name: string, value: unknown): Record<string, unknown> {
  return Object.fromEntries([[name, value]]);
}

/** So often, or until it is as large as it gets: bodies over the limit are another test's. */
function repeated(value: unknown, times: number): unknown {
  if (typeof value !== 'string' && !Array.isArray(value)) return value;
  const count = Math.min(times, MOST_BYTES / (textOf(value).length + 1));
  if (typeof value === 'string') return value.repeat(count);
  return Array.from({ length: count }, () => value as unknown[]).flat();
}

function spliced(text: string, at: number, put: string): string {
  const place = at % (text.length + 1);
  return `${text.slice(0, place)}${put}${text.slice(place + 1)}`;
}
