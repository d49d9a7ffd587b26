import { readFileSync } from 'node:fs';
import { LIMITS } from '@quicprochat/protocol';
import { expect, test } from 'vitest';
import { QUOTAS, RATES, SHARES } from '../../src/limits/rates.ts';

/** What the relay's guide states of its limits, beside the file of them that it includes. */
const guide = readFileSync(
  new URL('../../../../docs/src/relay/guide.md', import.meta.url),
  'utf8',
).replaceAll(/\s+/g, ' ');

test('the guide gives the rate limits that the relay ships', () => {
  const [, table = ''] = guide.split('| counted per ', 2);
  const rows = [...table.matchAll(/\| ([a-z][^|]*?) \| ([a-z][^|]*?) \| ([\d,]+) (?=\|)/g)];
  const given = rows.map(([, who, what, limit = '']) => [who, what, Number(limit.replaceAll(',', ''))]);
  expect(given).toEqual([
    ['address', 'registrations', RATES.register],
    ['address', 'sign-ins', RATES.signIn],
    ['address', 'directory calls and claims', RATES.directory],
    ['address', 'all others', RATES.write],
    ['device that has signed in', 'directory, key packages and inbox', RATES.device],
    ['branch of a group’s log', 'commits', RATES.commit],
    ['branch of a group’s log', 'messages', RATES.message],
    ['branch of a group’s log', 'bytes of messages', RATES.messageBytes],
    ['branch of a group’s log', 'signals', RATES.signal],
  ]);
  expect(Object.keys(RATES)).toHaveLength(given.length);
  const [, ofDays = ''] = guide.split('| what stays ');
  const quotas = [...ofDays.matchAll(/\| ([a-z][^|]*?) \| (\w[^|]*?) \| ([\d,]+) (?=\|)/g)];
  expect(quotas.map(([, who, what, most = '']) => [who, what, Number(most.replaceAll(',', ''))])).toEqual([
    ['address and day', 'groups', QUOTAS.group],
    ['address and day', 'bytes of messages, commits and Welcomes', QUOTAS.storedBytes],
    ['branch of a group’s log and day', 'messages', QUOTAS.dailyMessage],
    ['branch of a group’s log and day', 'bytes of messages', QUOTAS.dailyMessageBytes],
    ['address, device and ten minutes', 'Welcomes', SHARES.welcome],
  ]);
  const { maxInboxWelcomes, maxInboxBytes } = LIMITS;
  expect(guide).toContain(`holds ${maxInboxWelcomes} Welcomes and ${maxInboxBytes / 1024 ** 2} MiB of them`);
  expect(guide).toContain(`if the group sends too many (${RATES.signal} a minute)`);
});

test('the guide gives the lifetimes and sizes that the protocol allows', () => {
  expect(guide).toContain(`A signal has up to ${LIMITS.maxSignalBytes / 1024} KiB`);
  expect([LIMITS.sessionLifetimeMs, LIMITS.proofWindowMs]).toEqual([60 * 60 * 1_000, 5 * 60 * 1_000]);
  expect(guide).toContain('a session of one hour');
  expect(guide).toContain('a proof is valid for five minutes');
  expect([LIMITS.blobKeptMs, LIMITS.uploadKeptMs]).toEqual(
    [30, 1].map((days) => days * 24 * 60 * 60 * 1_000),
  );
  expect(guide).toContain('A blob is deleted after 30 days, an unfinished upload after one.');
});
