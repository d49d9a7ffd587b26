/** JSON, as the relay answers. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A field of an answer, and what can stand in its place. */
export interface Field {
  path: string;
  falsified: { what: string; apply: (answer: Json) => Json | undefined }[];
}

/** Something in the place of a value; undefined leaves it out. */
type Change = [what: string, change: (value: Json) => Json | undefined];

const ANY: Change[] = [
  ['left out', () => undefined],
  ['null', () => null],
  ['of another type', (value) => (typeof value === 'string' ? 7 : 'text')],
];

const OF_NUMBERS: Change[] = [
  ['negative', () => -1],
  ['zero', () => 0],
  ['one less', (value) => (value as number) - 1],
  ['one more', (value) => (value as number) + 1],
  ['a fraction', (value) => (value as number) + 0.5],
  ['2^53-1', () => 2 ** 53 - 1],
  ['2^53', () => 2 ** 53],
  ['huge', () => 1e300],
];

const OF_TEXTS: Change[] = [
  ['empty', () => ''],
  ['changed', (value) => changed(value as string)],
  ['longer', (value) => `${value as string}A`],
  ['shorter', (value) => (value as string).slice(0, -1)],
  ['not base64url', () => 'é'.repeat(40)],
  ['huge', () => 'A'.repeat(200_000)],
];

const OF_LISTS: Change[] = [
  ['empty', () => []],
  ['doubled', (value) => [...(value as Json[]), ...(value as Json[])]],
  ['reversed', (value) => (value as Json[]).toReversed()],
  ['shorter', (value) => (value as Json[]).slice(0, -1)],
];

/** Every field of an answer, the whole too; of a list, those of its first member. Each can be changed in every way that its type allows. */
export function fieldsOf(answer: Json): Field[] {
  return pathsOf(answer).map((path) => ({
    path: path.join('.') || 'the whole',
    falsified: changesOf(at(answer, path)).map(([what, change]) => ({
      what,
      apply: (actual: Json) => put(actual, path, change),
    })),
  }));
}

function changesOf(value: Json | undefined): Change[] {
  switch (typeof value) {
    case 'number':
      return [...ANY, ...OF_NUMBERS];
    case 'string':
      return [...ANY, ...OF_TEXTS];
    case 'boolean':
      return [...ANY, ['the opposite', (other) => other !== true]];
    default:
      return Array.isArray(value) ? [...ANY, ...OF_LISTS] : ANY;
  }
}

type Path = readonly (string | number)[];

/** The places in a value, its own first; of a list, those in its first member. */
function pathsOf(value: Json | undefined): Path[] {
  if (typeof value !== 'object' || value === null) return [[]];
  const inner = Array.isArray(value) ? Object.entries(value.slice(0, 1)) : Object.entries(value);
  const below = inner.flatMap(([key, child]) => pathsOf(child).map((rest): Path => [key, ...rest]));
  return [[], ...below];
}

function at(value: Json | undefined, path: Path): Json | undefined {
  return path.reduce<Json | undefined>(
    (inner, key) => (inner as { [key: string]: Json } | undefined)?.[key],
    value,
  );
}

function put(value: Json, [key, ...rest]: Path, change: Change[1]): Json | undefined {
  if (key === undefined) return change(value);
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as { [key: string]: Json };
  const inner = copy[key];
  // What comes later may have less in it.
  if (inner === undefined) return value;
  const other = put(inner, rest, change);
  if (other !== undefined) copy[key] = other;
  else if (Array.isArray(copy)) copy.splice(Number(key), 1);
  else Reflect.deleteProperty(copy, key);
  return copy;
}

function changed(text: string): string {
  const middle = Math.floor(text.length / 2);
  return `${text.slice(0, middle)}${text[middle] === 'A' ? 'B' : 'A'}${text.slice(middle + 1)}`;
}
