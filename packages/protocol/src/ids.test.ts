import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { handleSchema } from './ids.ts';

/** The core's own test (crates/core/src/identity/handle.rs) reads the same table: both call the same strings handles. */
const rows = JSON.parse(readFileSync(new URL('handles.json', import.meta.url), 'utf8')) as {
  handle: string;
  valid: boolean;
}[];

test.each(rows)('handle $handle is valid: $valid', ({ handle, valid }) => {
  expect(handleSchema.safeParse(handle).success).toBe(valid);
});
