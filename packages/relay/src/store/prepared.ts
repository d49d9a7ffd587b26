import type { Compilable, CompiledQuery, QueryResult } from 'kysely';
import type { Db } from './schema.ts';

/** A query with its values left open, as {@link prepared} gives it. */
export type Prepared<Values, Row> = (db: Db, values: Values) => Promise<QueryResult<Row>>;

/**
 * A query that Kysely writes once for each kind of database and not anew for each call, which takes several times as long
 * as SQLite needs to carry a small one out. For what every send does.
 *
 * @param build writes the query. It is given a marker for each value, so it must pass them on as they are.
 */
export function prepared<Values extends object, Row>(
  build: (db: Db, values: Values) => Compilable<Row>,
): Prepared<Values, Row> {
  // What all connections and transactions of one kind of database have in common.
  const forms = new WeakMap<object, Form<Row>>();
  return (db, values) => {
    const { adapter } = db.getExecutor();
    let form = forms.get(adapter);
    if (form === undefined) {
      form = new Form(build(db, MARKERS as Values).compile());
      forms.set(adapter, form);
    }
    return db.executeQuery(form.with(values));
  };
}

/** The one row of a prepared query that has at most one. */
export async function first<Row>(result: Promise<QueryResult<Row>>): Promise<Row | undefined> {
  return (await result).rows[0];
}

/** A query as it was written, and which value goes where. */
class Form<Row> {
  readonly #query: CompiledQuery<Row>;

  constructor(query: CompiledQuery<Row>) {
    this.#query = query;
  }

  with(values: object): CompiledQuery<Row> {
    const given = values as Record<string, unknown>;
    const parameters = this.#query.parameters.map((parameter) =>
      parameter instanceof Marker ? given[parameter.name] : parameter,
    );
    return { ...this.#query, parameters };
  }
}

/** Stands for a value while the query is written. */
class Marker {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Has a marker under every name. */
const MARKERS: object = new Proxy({}, { get: (_, name) => new Marker(String(name)) });
