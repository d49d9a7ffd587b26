import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { toBase64Url } from '@quicprochat/protocol';
import { eventually, startRelay, type RelayProcess } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestDevice } from '../../../packages/relay/test/support/device.ts';
import { TestGroup, welcomeFor } from '../../../packages/relay/test/support/group.ts';
import { TestStream } from '../../../packages/relay/test/support/stream.ts';
import { rowsOf, tracesOf, wayBetween, type Row } from './support/traces.ts';

/** Somebody with a device, an address of their own, and all by which a relay can know them. */
interface Person {
  device: TestDevice;
  address: string;
  /** Ids, keys and tokens, in hex. */
  known: string[];
}

let relay: RelayProcess;
let people: Person[];
let group: TestGroup;
/** What is a post's alone: its id, its bytes, its proof. In hex. */
const posts: string[] = [];
let rows: Row[];
let log: string;
let metrics: string;

const hexOf = (text: string) => Buffer.from(text, 'base64url').toString('hex');

/** A call that comes from this person's address, through the proxy that the relay trusts. */
async function call(person: Person, procedure: string, input: unknown, token?: string): Promise<number> {
  const response = await fetch(`${relay.url}/trpc/${procedure}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-forwarded-for': person.address,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(input),
  });
  await response.text();
  return response.status;
}

async function newPerson(handle: string, address: string): Promise<Person> {
  const device = await new TestDevice(relay.url, handle).register();
  const token = Buffer.from(device.token, 'base64url');
  const { deviceCertificate } = await device.registration();
  const known = [
    device.id,
    ...[device.key.publicKey, device.account.publicKey, token].map((bytes) =>
      Buffer.from(bytes).toString('hex'),
    ),
    createHash('sha256').update(token).digest('hex'),
    hexOf(deviceCertificate),
  ];
  return { device, address, known };
}

/** Posts in a person's name, right after that device's own calls, and notes what is the post's alone. */
async function post(person: Person): Promise<void> {
  const input = group.message();
  for (const { id, message } of input.entries) posts.push(id, hexOf(message));
  posts.push(hexOf(input.proof.nonce), hexOf(input.proof.signature));
  const { token } = person.device;
  expect(await call(person, 'directory.lookup', { handle: person.device.handle }, token)).toBe(200);
  expect(await call(person, 'groups.post', input)).toBe(200);
  const said = group.signalInput();
  posts.push(hexOf(said.signal), hexOf(said.proof.nonce), hexOf(said.proof.signature));
  expect(await call(person, 'groups.signal', said)).toBe(200);
}

/** All that people do, and some of what goes wrong. */
async function live(): Promise<void> {
  const [alice, bob] = people as [Person, Person];
  for (const { device } of people) {
    const keyPackages = [toBase64Url(randomBytes(60)), toBase64Url(randomBytes(60))];
    await device.api.keyPackages.publish.mutate({
      suite: 1,
      keyPackages,
      lastResort: toBase64Url(randomBytes(9)),
    });
  }
  await alice.device.api.keyPackages.claim.mutate({ suite: 1, handles: [bob.device.handle] });
  group = await new TestGroup(relay.url).create();
  await group.commit({ welcome: welcomeFor(bob.device.id) });
  const followed = { groups: [group.streamInput()] };
  const { ticket } = await group.api.groups.openStream.mutate(followed);
  await using stream = await TestStream.open(relay.url, ticket, { 'x-forwarded-for': bob.address });
  for (let i = 0; i < 5; i += 1) for (const person of people) await post(person);
  await stream.take(22);
  // Tickets that nobody redeems stay for a while, with what they are for.
  await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
  await bob.device.api.inbox.openStream.mutate({ cursor: 0 });
  expect(await call(alice, 'groups.post', group.message({ epoch: 0 }))).toBe(409);
  expect(await call(alice, 'groups.post', { ...group.message(), entries: 7 })).toBe(400);
  expect(await call(bob, 'groups.post', group.message(), bob.device.token)).toBe(400);
}

beforeAll(async () => {
  relay = await startRelay({ env: { QPC_LOG_LEVEL: 'debug', QPC_TRUSTED_PROXY: '127.0.0.1' } });
  people = [await newPerson('canary-alice', '198.51.100.71'), await newPerson('canary-bob', '198.51.100.72')];
  await live();
  rows = rowsOf(join(relay.folder, 'relay.db'));
  metrics = await (await fetch(`${relay.adminUrl}/metrics`)).text();
  await relay.stop();
  await eventually('the log is written to its end', () => {
    log = readFileSync(join(relay.folder, 'relay.log'), 'utf8');
    return log.includes('the relay has stopped');
  });
});
afterAll(() => rm(relay.folder, { recursive: true, force: true }));

const ofPost = (given: readonly Row[]) => {
  const ids = new Set(posts);
  return new Set(
    given
      .filter(({ values }) => [...values].some((value) => ids.has(value)))
      .flatMap(({ values }) => [...values])
      .filter((value) => value !== group.id),
  );
};

test('RLY-39 no row leads from a device, over whatever rows, to a post', () => {
  expect(rows.filter(({ table }) => table === 'entries')).toHaveLength(11);
  for (const { device, known } of people)
    expect(wayBetween(rows, [device.handle, ...known], ofPost(rows), new Set([group.id]))).toBeUndefined();
});

test('RLY-39 a way would be found: over the group to which a device was invited, and over a column that is too many', () => {
  const [, bob] = people as [Person, Person];
  // The group's log stands in two tables.
  const log = expect.stringMatching(/^(entries|logs)$/) as string;
  expect(wayBetween(rows, bob.known, ofPost(rows))).toEqual(['inbox', 'welcomes', log]);
  const audit = { table: 'audit', values: new Set([bob.known[1] ?? '', 'session 7']) };
  const more = { table: 'entries', values: new Set([posts[0] ?? '', 'session 7']) };
  const leaky = [...rows, audit, more];
  const way = wayBetween(leaky, [bob.device.handle], ofPost(leaky), new Set([group.id]));
  expect(way).toContain('audit');
});

test('RLY-39 RLY-93 neither log nor metrics say anything of a device, of an address or of a post', () => {
  const hex = [...people.flatMap(({ known }) => known), ...posts, group.id];
  const words = ['canary', ...people.map(({ address }) => address), '198.51.100'];
  expect(metrics).toContain('calls_total{procedure="groups.post",outcome="OK"} 10');
  expect(tracesOf(log, hex, words)).toEqual([]);
  expect(tracesOf(metrics, hex, words)).toEqual([]);
  for (const planted of [posts[1] ?? '', people[0]?.known[0] ?? '', people[1]?.address ?? '']) {
    const leak = `${log}{"level":20,"about":"${planted}"}`;
    expect(tracesOf(leak, hex, words)).toContain(planted);
  }
});

test('RLY-39 of a nonce, the minute is stored and no time', () => {
  const nonces = rows.filter(({ table }) => table === 'nonces');
  expect(nonces.length).toBeGreaterThan(10);
  // A time would be a second trace in each of them.
  for (const { values } of nonces) expect(values.size).toBe(1);
});
