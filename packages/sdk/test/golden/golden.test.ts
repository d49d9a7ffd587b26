import { startRelay } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { Client } from '../../src/api/client.ts';
import { memoryStorage } from '../../src/storage/memory.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { readRecording, writeRecording, type Recording } from './recording.ts';
import { live } from './script.ts';

/** If set, makes the recording anew. Do that after an intended change of the wire or the store. */
const RECORD = process.env['QPC_RECORD'] !== undefined;

if (RECORD) {
  test('records a new one', async () => {
    await writeRecording(await record());
  });
} else {
  test('a client asks and stores byte for byte what was recorded', async () => {
    const recording = await readRecording();
    const { calls, store } = await replay(recording);
    expect(calls.map(({ procedure }) => procedure)).toEqual(
      recording.calls.map(({ procedure }) => procedure),
    );
    for (const [n, call] of calls.entries()) expect(call).toEqual(recording.calls[n]);
    expect(new Map(store)).toEqual(new Map(recording.store));
  });

  test('a recorded store opens with its history', async () => {
    const { relay, storeKey, store } = await readRecording();
    const storage = memoryStorage();
    await storage.commit(
      store.map(([key, value]) => ({ key, value: fromBase64(value) })),
      0,
    );
    await storage.storeKey(fromBase64(storeKey));
    const alice = await Client.create({ relay, storage, live: false });
    const tea = alice.conversations.find('More tea');
    const history = await tea.history();
    const texts = history.flatMap(({ content }) => (content.type === 'text' ? [content.text] : []));
    expect([tea.state, tea.draft, texts]).toEqual(['active', 'third', ['first', 'hello', 'second']]);
    expect(alice.conversations.find('Alone').state).toBe('left');
    await alice.close();
  });
}

/** Runs the client against a real relay, one call at a time. */
async function record(): Promise<Recording> {
  const relay = await startRelay({});
  const bob = await Client.create({
    relay: relay.url,
    handle: 'bob-golden',
    storage: memoryStorage(),
    live: false,
  });
  const calls: Recording['calls'] = [];
  let previous: Promise<unknown> = Promise.resolve();
  const one = async (request: Request): Promise<Response> => {
    const body = await request.clone().text();
    const response = await fetch(request);
    const answer = await response.text();
    calls.push({ procedure: procedureOf(request), body, answer, status: response.status });
    return answerWith(answer, response.status);
  };
  const inTurn: typeof fetch = (input, init) => {
    const result = previous.then(() => one(new Request(input, init)));
    previous = result.catch(() => undefined);
    return result;
  };
  const nowMs = Date.now();
  const kept = keep();
  const bobSpeaks = async () => {
    await bob.sync();
    const [tea] = bob.conversations.list();
    await tea?.send('hello');
  };
  await live({ relay: relay.url, nowMs, fetch: inTurn, storage: kept.storage, others: { bobSpeaks } });
  await bob.close();
  await relay.kill();
  return { relay: relay.url, nowMs, calls, ...(await kept.contents()) };
}

/** Runs the client against the recorded answers, whatever it asks. */
async function replay(recording: Recording) {
  const calls: Recording['calls'] = [];
  const answered: typeof fetch = async (input, init) => {
    const request = new Request(input, init);
    const next = recording.calls[calls.length];
    if (next === undefined) throw new Error('a call more than were recorded');
    const { answer, status } = next;
    const call = { procedure: procedureOf(request), body: '', answer, status };
    calls.push(call);
    call.body = await request.text();
    return answerWith(answer, status);
  };
  const { relay, nowMs } = recording;
  const kept = keep();
  await live({ relay, nowMs, fetch: answered, storage: kept.storage, others: { bobSpeaks: async () => {} } });
  return { calls, ...(await kept.contents()) };
}

function procedureOf(request: Request): string {
  return new URL(request.url).pathname;
}

function answerWith(body: string, status: number): Response {
  return new Response(body, { status, headers: { 'content-type': 'application/json' } });
}

/** Makes a storage that can still be read after the client has closed it. */
function keep() {
  const inner = memoryStorage();
  const storage: Storage = { ...inner, close: async () => undefined };
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const contents = async () => ({
    storeKey: base64((await inner.storeKey()) ?? new Uint8Array()),
    store: (await inner.scan({ prefix: '' })).map(({ key, value }): [string, string] => [key, base64(value)]),
  });
  return { storage, contents };
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
