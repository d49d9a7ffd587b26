import type { LogEvent } from 'kysely';
import type { Observe } from '../observed.ts';

/** A Kysely log that tells how long the store took, and of the statement its kind alone. */
export function timing(observe: Observe): (event: LogEvent) => void {
  return ({ query, queryDurationMillis: durationMs }) =>
    observe({ type: 'query', kind: kindOf(query.query.kind, query.sql), durationMs });
}

function kindOf(node: string, sql: string): 'read' | 'write' | 'commit' {
  if (node === 'SelectQueryNode') return 'read';
  return /^commit\b/i.test(sql) ? 'commit' : 'write';
}
