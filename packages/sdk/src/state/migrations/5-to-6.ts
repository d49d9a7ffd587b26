import { decodeRow, encodeRow } from '../../state/codec.ts';
import type { Step } from './step.ts';

/** What the keys of messages say. */
const REPEATED = ['conversationId', 'position'];

/** Messages no longer repeat what their keys say. */
export const from5to6: Step = {
  from: 5,
  prefix: 'message/',
  change({ key, value }) {
    const fields = Object.entries(decodeRow(key, value) as object);
    return encodeRow(Object.fromEntries(fields.filter(([name]) => !REPEATED.includes(name))));
  },
};
