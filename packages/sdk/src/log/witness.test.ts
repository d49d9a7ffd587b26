import { expect, test } from 'vitest';
import { shownContent } from './witness.ts';

const entry = { kind: 'message' as const, sequence: 1, epoch: 0, id: '0'.repeat(32), payload: 'AAAA' };

test.each(['!', 'AAAA=', 'AAA AA'])('a relay that shows “%s” for bytes is told by its code', (payload) => {
  expect(shownContent(entry)).toMatchObject({ payload: new Uint8Array(3) });
  expect(() => shownContent({ ...entry, payload })).toThrow(
    expect.objectContaining({ code: 'RELAY_MISBEHAVED' }),
  );
});
