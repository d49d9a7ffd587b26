import { DatabaseSync } from 'node:sqlite';

/** A row of a table, by the values in it that can say that it belongs with another row. */
export interface Row {
  table: string;
  values: ReadonlySet<string>;
}

/** All rows of all tables of a store. */
export function rowsOf(path: string): Row[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all();
    return tables.flatMap(({ name }) => {
      const table = String(name);
      const rows = database.prepare(`SELECT * FROM "${table}"`).all();
      return rows.map((row) => ({ table, values: new Set(Object.entries(row).flatMap(tracesIn)) }));
    });
  } finally {
    database.close();
  }
}

/** Milliseconds since 1970, as no count or day reaches them. */
const FIRST_TIME = 1e12;

/** Counts are the same in many rows and say nothing, as do minutes; ids do, and times that are exact. */
function tracesIn([column, value]: [string, unknown]): string[] {
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('hex')];
  if (typeof value === 'string') return [value, ...(value.match(/[0-9a-f]{32}/g) ?? [])];
  if (typeof value !== 'number') return [];
  if (/(^|_)id$/.test(column)) return [`${column} ${value}`];
  return value > FIRST_TIME && value % 60_000 !== 0 ? [`at ${value}`] : [];
}

/**
 * The tables over which one gets from any of the one values to any of the others, from row to row by what rows share;
 * undefined where there is no way. Values in `leftOut` lead nowhere.
 */
export function wayBetween(
  rows: readonly Row[],
  from: readonly string[],
  to: ReadonlySet<string>,
  leftOut: ReadonlySet<string> = new Set(),
): string[] | undefined {
  const ways = new Map<string, string[]>(from.map((value) => [value, []]));
  const unvisited = new Set(rows);
  for (let found = true; found;) {
    found = false;
    for (const row of unvisited) {
      const entrance = [...row.values].find((value) => ways.has(value) && !leftOut.has(value));
      if (entrance === undefined) continue;
      const way = [...(ways.get(entrance) ?? []), row.table];
      if ([...row.values].some((value) => to.has(value))) return way;
      for (const value of row.values) if (!ways.has(value)) ways.set(value, way);
      unvisited.delete(row);
      found = true;
    }
  }
  return undefined;
}

/** Which of these are in a text, as they are or in the forms in which bytes are written. */
export function tracesOf(text: string, hexValues: readonly string[], words: readonly string[]): string[] {
  const forms = hexValues.flatMap((hex) => {
    const bytes = Buffer.from(hex, 'hex');
    return [hex, bytes.toString('base64url'), bytes.toString('base64')];
  });
  return [...forms, ...words].filter((form) => text.includes(form));
}
