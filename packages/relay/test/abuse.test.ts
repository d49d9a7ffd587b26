import { randomBytes } from 'node:crypto';
import { LIMITS, toBase64Url } from '@quicprochat/protocol';
import { newId, newSigner } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { RATES } from '../src/limits/rates.ts';
import { gainsNothing } from './support/attack.ts';
import { signaturesChecked } from './support/defences.ts';
import { TestDevice } from './support/device.ts';
import { newEntries, TestGroup } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';

vi.mock(import('../src/proof/signatures.ts'), async (original) =>
  (await import('./support/defences.ts')).mocked.signatures(await original()),
);
vi.mock(import('../src/store/groups.ts'), async (original) =>
  (await import('./support/defences.ts')).mocked.groups(await original()),
);
vi.mock(import('../src/store/accounts.ts'), async (original) =>
  (await import('./support/defences.ts')).mocked.accounts(await original()),
);
vi.mock(import('../src/limits/rate-limit.ts'), async (original) =>
  (await import('./support/defences.ts')).mocked.rateLimit(await original()),
);

let relay: TestRelay;
// One, since rates are counted by each for itself; each test has an address of its own.
beforeAll(async () => void (relay = await startRelay({ instances: 1, trustedProxies: ['127.0.0.1'] })));
afterAll(() => relay.close());

const newDevice = () => new TestDevice(relay.url, `p-${newId().slice(0, 12)}`).register();

interface Caller {
  address?: string;
  token?: string;
  url?: string;
}

/** A call, as the proxy passes it on from an address, and all that its caller learns by the answer. */
async function ask(
  procedure: string,
  input: unknown,
  { address = '192.0.2.1', token, url = relay.url }: Caller = {},
) {
  const before = signaturesChecked();
  const response = await fetch(`${url}/trpc/${procedure}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': address,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(input),
  });
  const { status, headers } = response;
  const body = await response.text();
  return { status, headers: [...headers.keys()], body, signatures: signaturesChecked() - before };
}

gainsNothing('RLY-32 a stranger asks whether a group is there', 'one answer', async () => {
  const key = newSigner();
  const there = await new TestGroup(relay.url).create();
  await there.commit();
  const absent = new TestGroup(relay.url);
  const asked = (group: TestGroup, epoch: number): [string, unknown][] => [
    ['groups.post', group.message({ epoch, key })],
    ['groups.read', group.readInput({ epoch, key })],
    ['groups.commit', group.commitInput({ epoch, key })],
    ['groups.openStream', { groups: [group.streamInput({ epoch, key })] }],
    ['groups.heads', { groups: [group.headsInput({ epoch, key })] }],
  ];
  const told = async (group: TestGroup, epoch: number) => {
    const answers = [];
    for (const [procedure, input] of asked(group, epoch)) answers.push(await ask(procedure, input));
    return answers;
  };
  const expected = JSON.stringify(await told(absent, 1));
  let different = 0;
  for (const epoch of [0, 1, 2]) if (JSON.stringify(await told(there, epoch)) !== expected) different += 1;
  return different;
});

gainsNothing('RLY-13 a stranger asks whether a device is there', 'one answer', async () => {
  const device = await newDevice();
  const forged = new TestDevice(relay.url, device.handle, { id: device.id, key: newSigner() });
  const absent = new TestDevice(relay.url, 'nobody');
  const [there, not] = [await forged.loginInput(), await absent.loginInput()];
  const answers = [await ask('auth.login', there), await ask('auth.login', not)];
  return JSON.stringify(answers[0]) === JSON.stringify(answers[1]) ? 0 : 1;
});

/** A relay that gives an address a hundredth of what it would. */
function startStrict(): Promise<TestRelay> {
  return startRelay({ instances: 1, trustedProxies: ['127.0.0.1'], rateFactor: 0.01 });
}

gainsNothing('RLY-9 a device tries handles, one after the other', 'rates', async () => {
  const strict = await startStrict();
  try {
    const { token } = await new TestDevice(strict.url, 'mallory').register();
    const allowed = RATES.directory * 0.01;
    let answered = 0;
    for (let i = 0; i < allowed + 10; i += 1) {
      const answer = await ask('directory.lookup', { handle: `h${i}` }, { token, url: strict.url });
      if (answer.status === 404) answered += 1;
    }
    return answered - allowed;
  } finally {
    await strict.close();
  }
});

/** What is missing from a full pool after an attack, beyond a fifth of it. */
async function drained(attack: (handle: string) => Promise<void>): Promise<number> {
  const victim = await newDevice();
  const pool = Array.from({ length: 100 }, () => toBase64Url(randomBytes(50)));
  const { api } = victim;
  await api.keyPackages.publish.mutate({
    suite: 1,
    keyPackages: pool,
    lastResort: toBase64Url(randomBytes(9)),
  });
  await attack(victim.handle);
  const { pools } = await api.keyPackages.status.mutate({ suites: [1] });
  return Math.max(0, 80 - (pools[0]?.available ?? 0));
}

/** One address for each attack, which it may not have used up before. */
const addresses = Array.from({ length: 20 }, (_, i) => `198.51.100.${i}`);

gainsNothing('RLY-18 an account claims all key packages of another one', 'shares of pools', () =>
  drained(async (handle) => {
    const { token } = await newDevice();
    const caller = { token, address: addresses.pop() ?? '' };
    for (let i = 0; i < 100; i += 1) await ask('keyPackages.claim', { suite: 1, handles: [handle] }, caller);
  }),
);

gainsNothing('RLY-18 ten accounts claim all key packages of another one', 'shares of pools', () =>
  drained(async (handle) => {
    const address = addresses.pop() ?? '';
    for (let i = 0; i < 10; i += 1) {
      const caller = { token: (await newDevice()).token, address };
      const claim = () => ask('keyPackages.claim', { suite: 1, handles: [handle] }, caller);
      await Promise.all(Array.from({ length: 10 }, claim));
    }
  }),
);

test('RLY-15 RLY-18 who has not signed in claims nothing at all', async () => {
  const claim = (handle: string) => ask('keyPackages.claim', { suite: 1, handles: [handle] });
  expect(
    await drained(async (handle) => {
      for (let i = 0; i < 100; i += 1) expect((await claim(handle)).status).toBe(401);
    }),
  ).toBe(0);
});

test('RLY-18 who has had his share gets the last resort, others still get single-use ones, and where there is none, nothing', async () => {
  const victim = await newDevice();
  const { token } = await newDevice();
  const pool = Array.from({ length: 9 }, () => toBase64Url(randomBytes(50)));
  const publish = (more: object) =>
    victim.api.keyPackages.publish.mutate({ suite: 1, keyPackages: pool, ...more });
  await publish({});
  const claim = async (address: string) => {
    const answer = await ask('keyPackages.claim', { suite: 1, handles: [victim.handle] }, { address, token });
    return JSON.parse(answer.body) as { result?: { data: { devices: { lastResort: boolean }[] } } };
  };
  for (let i = 0; i < 5; i += 1)
    expect((await claim('203.0.113.5')).result?.data.devices).toMatchObject([{ lastResort: false }]);
  expect(await claim('203.0.113.5')).toMatchObject({
    error: { data: { qpc: { code: 'KEY_PACKAGES_EXHAUSTED', details: { handle: victim.handle } } } },
  });
  await publish({ lastResort: toBase64Url(randomBytes(50)) });
  expect((await claim('203.0.113.5')).result?.data.devices).toMatchObject([{ lastResort: true }]);
  expect((await claim('203.0.113.6')).result?.data.devices).toMatchObject([{ lastResort: false }]);
  expect((await victim.api.keyPackages.status.mutate({ suites: [1] })).pools[0]?.available).toBe(3);
});

/** How many posts of a flood are taken, beside which another group's members go on, each time from an address of theirs. */
async function taken(
  flood: (groups: readonly TestGroup[], i: number) => { group: TestGroup; address: string },
  messages = 1,
): Promise<number> {
  const strict = await startStrict();
  try {
    const groups = await Promise.all(Array.from({ length: 8 }, () => new TestGroup(strict.url).create()));
    const honest = await new TestGroup(strict.url).create();
    const post = (group: TestGroup, address: string, count = 1) =>
      ask('groups.post', group.batch(newEntries(count)), { address, url: strict.url });
    let count = 0;
    for (let round = 0; round < 10; round += 1) {
      const posts = Array.from({ length: 20 }, (_, i) => flood(groups, i));
      const answers = await Promise.all(posts.map(({ group, address }) => post(group, address, messages)));
      count += answers.filter(({ status }) => status === 200).length;
      expect((await post(honest, '192.0.2.67')).status).toBe(200);
    }
    return count;
  } finally {
    await strict.close();
  }
}

gainsNothing('RLY-9 an address posts without end, and others go on', 'rates', async () => {
  const flood = await taken((groups, i) => {
    return { group: groups[i % groups.length] ?? expect.unreachable(), address: '192.0.2.66' };
  });
  return flood - RATES.write * 0.01;
});

gainsNothing(
  'RLY-9 a member floods a group from many addresses, and other groups go on',
  'rates',
  async () => {
    const messages = 20;
    const flood = await taken(([group], i) => {
      return { group: group ?? expect.unreachable(), address: `198.51.100.${i + 1}` };
    }, messages);
    return flood * messages - RATES.message * 0.01;
  },
);

test('RLY-9 the messages of a log are counted by their bytes, too, and other groups go on', async () => {
  const strict = await startStrict();
  try {
    const [group, other] = [
      await new TestGroup(strict.url).create(),
      await new TestGroup(strict.url).create(),
    ];
    const post = (to: TestGroup) => {
      const entries = newEntries(16, 64 * 1024);
      return ask('groups.post', to.batch(entries), { address: '192.0.2.70', url: strict.url });
    };
    const statuses = [];
    // 1 MiB each. 1% of the limit is less than the largest post, and so is raised to that: 4 MiB.
    for (let i = 0; i < 5; i += 1) statuses.push((await post(group)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 429]);
    expect((await post(other)).status).toBe(200);
  } finally {
    await strict.close();
  }
});

test('RLY-9 messages without end do not keep out the commit that removes their sender', async () => {
  const strict = await startStrict();
  try {
    const group = await new TestGroup(strict.url).create();
    const flood = () => {
      const input = group.batch(newEntries(LIMITS.maxPostEntries));
      return ask('groups.post', input, { address: '192.0.2.71', url: strict.url });
    };
    for (let i = 0; i < 10; i += 1) await flood();
    expect((await flood()).status).toBe(429);
    const removal = await ask('groups.commit', group.commitInput(), {
      address: '192.0.2.72',
      url: strict.url,
    });
    expect(removal.status).toBe(200);
  } finally {
    await strict.close();
  }
});

test('RLY-9 who was removed uses up nothing of what the members may write', async () => {
  const strict = await startStrict();
  try {
    const group = await new TestGroup(strict.url).create();
    const removed = new TestGroup(strict.url, group.id, [...group.keys]);
    const line = new TestGroup(strict.url, group.id, [...group.keys]);
    await group.commit();
    await line.commit({ candidate: 1 });
    const floods = [
      () => ask('groups.post', line.batch(newEntries(20)), { address: '192.0.2.80', url: strict.url }),
      () => ask('groups.post', removed.batch(newEntries(20)), { address: '192.0.2.81', url: strict.url }),
      () => ask('groups.commit', removed.commitInput(), { address: '192.0.2.82', url: strict.url }),
    ];
    for (let i = 0; i <= RATES.commit * 0.01; i += 1) for (const flood of floods) await flood();
    for (const flood of floods) expect((await flood()).status).toBe(429);
    const own = { address: '192.0.2.83', url: strict.url };
    expect((await ask('groups.post', group.message(), own)).status).toBe(200);
    expect((await ask('groups.commit', group.commitInput(), own)).status).toBe(200);
  } finally {
    await strict.close();
  }
});

test('RLY-9 RLY-47 nor of what it takes to leave a void commit behind', async () => {
  const strict = await startStrict();
  try {
    const group = await new TestGroup(strict.url).create();
    const removed = new TestGroup(strict.url, group.id, [...group.keys]);
    await group.commit();
    const member = new TestGroup(strict.url, group.id, [...group.keys]);
    // By somebody who is a member, and void.
    await group.commit();
    const flood = () =>
      ask('groups.commit', removed.commitInput(), { address: '192.0.2.90', url: strict.url });
    for (let i = 0; i < RATES.commit * 0.01; i += 1) await flood();
    expect((await flood()).status).toBe(429);
    const input = member.commitInput({ candidate: 1 });
    const healing = await ask('groups.commit', input, { address: '192.0.2.91', url: strict.url });
    expect(healing.status).toBe(200);
  } finally {
    await strict.close();
  }
});
