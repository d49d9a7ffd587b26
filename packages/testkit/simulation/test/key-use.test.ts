import type { WorkerRequest, WorkerResponse } from '@quicprochat/sdk/testing';
import { expect, test } from 'vitest';
import { KeyUse } from '../src/key-use.ts';

/** A PrivateMessage of an epoch: all that is looked at is where the epoch stands. */
function message(epoch: number, text: string): Uint8Array {
  const header = Buffer.alloc(29);
  header.writeUInt8(16, 4);
  header.writeBigUInt64BE(BigInt(epoch), 21);
  return Buffer.concat([header, Buffer.from(text)]);
}

const answer = (result: unknown) => ({ id: 1, ok: true, result, writes: [] }) as WorkerResponse;

function opens(use: KeyUse, tab: object, found: Uint8Array): void {
  const request = { id: 1, name: 'group.open', data: { messages: [found] } } as unknown as WorkerRequest;
  use.heard(tab, request, answer([{ kind: 'failed', error: { code: 'OWN_MESSAGE' } }]));
}

function seals(use: KeyUse, tab: object, sealed: Uint8Array): void {
  use.heard(tab, { id: 1, name: 'group.encrypt', data: {} } as unknown as WorkerRequest, answer([sealed]));
}

function posts(use: KeyUse, sealed: Uint8Array): void {
  use.posts(JSON.stringify({ entries: [{ message: Buffer.from(sealed).toString('base64url') }] }));
}

test('counts a message that another tab seals in the epoch in which a copy was found', () => {
  const [use, one, other] = [new KeyUse(), {}, {}];
  opens(use, one, message(3, 'of the copy'));
  use.committed(one, { isStored: true });
  seals(use, other, message(3, 'late'));
  expect(use.postedLate).toBe(0);
  posts(use, message(3, 'late'));
  expect(use.postedLate).toBe(1);
});

test.each([
  ['in the next epoch', { isStored: true, sealed: message(4, 'healed') }],
  ['if the finding was not stored', { isStored: false, sealed: message(3, 'not known') }],
])('counts no message that is sealed %s', (_when, { isStored, sealed }) => {
  const [use, tab] = [new KeyUse(), {}];
  opens(use, tab, message(3, 'of the copy'));
  use.committed(tab, { isStored });
  seals(use, tab, sealed);
  posts(use, sealed);
  expect(use.postedLate).toBe(0);
});

test('counts no message that was sealed before the copy was found', () => {
  const [use, tab] = [new KeyUse(), {}];
  seals(use, tab, message(3, 'before'));
  opens(use, tab, message(3, 'of the copy'));
  use.committed(tab, { isStored: true });
  posts(use, message(3, 'before'));
  expect(use.postedLate).toBe(0);
});
