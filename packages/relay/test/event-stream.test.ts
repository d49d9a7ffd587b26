import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { LIMITS, type StreamEvent } from '@quicprochat/protocol';
import { afterEach, expect, test, vi } from 'vitest';
import { localWake, type Observed, type Wake } from '../src/index.ts';
import { logTopic } from '../src/streams/topics.ts';
import { TestGroup } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';
import { TestStream } from './support/stream.ts';

let relay: TestRelay;
let wake: Wake;
const observed: Observed[] = [];
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await relay.close();
});

async function start(): Promise<TestGroup> {
  observed.length = 0;
  wake = localWake();
  relay = await startRelay({ instances: 1, wake, observe: (event) => observed.push(event) });
  return new TestGroup(relay.url).create();
}

async function ticketFor(group: TestGroup): Promise<string> {
  const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
  return ticket;
}

const addressOf = (ticket: string) =>
  `${relay.url}/trpc/streams.events?input=${encodeURIComponent(JSON.stringify({ ticket }))}`;

test('RLY-61 RLY-62 RLY-8 the bytes of a stream are those that tRPC’s clients read', async () => {
  const group = await start();
  await group.post('text');
  await group.commit();
  const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput({ epoch: 0 })] });
  const response = await fetch(addressOf(ticket), { headers: { origin: 'http://localhost:3000' } });
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    'access-control-allow-origin': 'http://localhost:3000',
  });
  // The form, whatever the events hold.
  const text = (await response.text()).replaceAll(
    /^data: (\{"type".*\})$/gm,
    (_line, json: string) => `data: ${(JSON.parse(json) as StreamEvent).type}`,
  );
  expect(text).toBe(
    [
      'event: connected\ndata: {"reconnectAfterInactivityMs":45000}\n\n',
      'data: open\n\n',
      'data: group-entry\n\n',
      'data: group-entry\n\n',
      'data: epoch-ended\n\n',
      'event: return\ndata: \n\n',
    ].join(''),
  );
});

test('RLY-92 a quiet stream is pinged', async () => {
  const group = await start();
  const ticket = await ticketFor(group);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const response = await fetch(addressOf(ticket));
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const read = async (end: string) => {
    while (!text.endsWith(end)) {
      const { value, done } = (await reader?.read()) ?? { done: true };
      if (done) throw new Error(`the stream ended after ${text}`);
      text += value;
    }
  };
  await read('"}\n\n');
  vi.advanceTimersByTime(30_000);
  await read('event: ping\ndata: \n\nevent: ping\ndata: \n\n');
  await reader?.cancel();
});

test('RLY-7 a stream whose store fails in the middle is told so, and its cursor brings it on', async () => {
  const group = await start();
  await using stream = await TestStream.open(relay.url, await ticketFor(group));
  await stream.take(1);
  await group.post('1');
  await stream.take(1);
  // No answer in between: what reads next is the stream.
  vi.spyOn(relay.db, 'executeQuery').mockImplementationOnce(() => {
    throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR' });
  });
  wake.notify(logTopic(group.id));
  expect(await stream.next()).toBeUndefined();
  expect(stream.end).toEqual({ type: 'refused', code: 'UNAVAILABLE' });
  expect(relay.faults).toHaveLength(1);
  await group.post('2');
  await using again = await TestStream.open(relay.url, await ticketFor(group));
  expect((await again.take(3)).map(({ type }) => type)).toEqual(['open', 'group-entry', 'group-entry']);
});

test('RLY-63 a reader that leaves while there is no room for what it is sent is let go of', async () => {
  const group = await start();
  const ticket = await ticketFor(group);
  const slow = connect(Number(new URL(relay.url).port), '127.0.0.1');
  slow.write(`GET ${addressOf(ticket).slice(relay.url.length)} HTTP/1.1\r\nHost: ${relay.host}\r\n\r\n`);
  await once(slow, 'readable');
  const delivered = () => observed.filter(({ type }) => type === 'delivered').length;
  const payload = randomBytes(LIMITS.maxMessageBytes);
  // More than the kernel takes for a socket that nobody reads.
  for (let i = 0; i < 100; i += 1) await group.post('', { payload });
  expect(delivered()).toBeLessThan(100);
  slow.destroy();
  await vi.waitFor(() => expect(observed.map(({ type }) => type)).toContain('stream-closed'), 10_000);
  expect(relay.faults).toEqual([]);
}, 30_000);
