import { expect, test } from 'vitest';
import { texts, town, type Home } from './town.ts';

const { move, party } = town();

async function distinctViews(...homes: Home[]): Promise<number> {
  return new Set(await Promise.all(homes.map((home) => home.view()))).size;
}

test('add, update and remove raise the epoch by one for everyone, and all agree on the authenticator', async () => {
  const [alice, bob] = await party('alice', 'bob');
  const carol = await move('carol');
  const { epoch } = await alice.done('security', 'Tea');
  const start = Number(epoch);

  expect(await alice.done('members', 'Tea', 'add', carol.handle)).toEqual({ epoch: start + 1 });
  expect(await distinctViews(alice, bob, carol)).toBe(1);
  expect(await bob.done('update', 'Tea')).toEqual({ epoch: start + 2 });
  expect(await distinctViews(alice, bob, carol)).toBe(1);
  expect(await alice.done('members', 'Tea', 'remove', carol.handle)).toEqual({ epoch: start + 3 });
  expect(await distinctViews(alice, bob)).toBe(1);
  expect(await bob.view()).toMatch(new RegExp(`^${start + 3} [0-9a-f]{64}$`));
}, 120_000);

test('who was removed reads and writes nothing from then on, and can be added again', async () => {
  const [alice, bob, carol] = await party('alice', 'bob', 'carol');
  await alice.says('with carol');
  await alice.done('members', 'Tea', 'remove', carol.handle);
  await alice.says(...texts('without carol', 3));
  expect(await carol.refused('send', 'Tea', 'me too?')).toEqual({ exit: 1, code: 'CONVERSATION_ENDED' });
  expect(await carol.refused('update', 'Tea')).toEqual({ exit: 1, code: 'CONVERSATION_ENDED' });
  expect(await carol.hears(1)).toEqual(['with carol']);
  await carol.hearsNothingMore();
  expect(await carol.done('security', 'Tea')).toMatchObject({
    epochAuthenticator: '',
    lastHealedAt: null,
    members: [],
  });
  expect(await carol.done('members', 'Tea')).toEqual({ members: [] });
  expect(await bob.hears(4)).toEqual(['with carol', ...texts('without carol', 3)]);
  expect(await bob.done('members', 'Tea')).toEqual({ members: handles(alice, bob) });

  await bob.done('members', 'Tea', 'add', carol.handle);
  await bob.says('welcome back');
  expect(await carol.hears(1)).toEqual(['welcome back']);
}, 120_000);

test('who leaves is out once another home hears of it', async () => {
  const [alice, bob] = await party('alice', 'bob');
  expect(await bob.done('leave', 'Tea')).toEqual({ state: 'leaving' });
  expect(await bob.refused('send', 'Tea', 'one more thing')).toMatchObject({ exit: 1 });
  expect(await bob.done('leave', 'Tea')).toEqual({ state: 'leaving' });
  expect(await alice.done('members', 'Tea')).toEqual({ members: handles(alice) });
  const { conversations } = await bob.done('conversations');
  expect(conversations).toEqual([expect.objectContaining({ name: 'Tea', state: 'left' })]);
  expect(await bob.done('leave', 'Tea')).toEqual({ state: 'left' });
}, 60_000);

test('security shows the fields that scripts rely on, and people a table', async () => {
  const [alice, bob] = await party('alice', 'bob');
  expect(await alice.done('security', 'Tea')).toEqual({
    epoch: 1,
    suite: 0x004f,
    epochAuthenticator: expect.stringMatching(/^[0-9a-f]{64}$/),
    lastHealedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    members: handles(alice, bob).map(({ handle }) => ({
      handle,
      keyAgeEpochs: expect.any(Number),
      keyAgeMs: expect.any(Number),
    })),
  });
  const { stdout } = await alice.shown('security', 'Tea');
  expect(stdout).toContain('ML-KEM-768');
  expect(stdout).toMatch(new RegExp(`  ${bob.handle} +keys made just now, \\d epochs? back +not verified`));
}, 60_000);

test('--suite classic makes a group without the post-quantum part', async () => {
  const alice = await move('alice');
  const { conversation } = await alice.done('conversations', 'create', '--suite', 'classic');
  expect(await alice.done('security', String(conversation))).toMatchObject({ suite: 0x0003 });
});

test('both sides see one safety number, and the number that was compared verifies', async () => {
  const [alice, bob] = await party('alice', 'bob');
  const { safetyNumber } = await alice.done('verify', bob.handle);
  expect(safetyNumber).toMatch(/^\d{60}$/);
  expect(await bob.done('verify', alice.handle)).toEqual({
    handle: alice.handle,
    safetyNumber,
    verified: false,
  });
  const another = '0'.repeat(60);
  for (const option of ['--safety-number', '--reject']) {
    expect(await alice.refused('verify', bob.handle, option, another)).toEqual({
      exit: 1,
      code: 'SAFETY_NUMBER_MISMATCH',
    });
  }
  expect(await alice.refused('verify', bob.handle, '--safety-number', another, '--reject', another)).toEqual({
    exit: 2,
    code: 'USAGE',
  });
  expect(await alice.done('verify', bob.handle)).toMatchObject({ verified: false });

  const { stdout } = await alice.shown('verify', bob.handle);
  const [, shown = ''] = /--safety-number "([\d ]+)"/.exec(stdout) ?? [];
  expect(shown.replaceAll(' ', '')).toBe(safetyNumber);
  const confirmed = await alice.done('verify', bob.handle, '--safety-number', shown);
  expect(confirmed).toMatchObject({ verified: true });
  expect(await alice.done('verify', bob.handle)).toMatchObject({ verified: true });
  expect((await alice.shown('security', 'Tea')).stdout).toMatch(new RegExp(`${bob.handle} .* verified\n`));
  expect(await alice.refused('verify', 'a-stranger')).toEqual({ exit: 1, code: 'INVALID_ARGUMENT' });
}, 120_000);

function handles(...homes: Home[]): { handle: string }[] {
  return homes.map(({ handle }) => ({ handle }));
}
