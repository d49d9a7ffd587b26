import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { blobPath } from '@quicprochat/protocol';
import { eventually } from '@quicprochat/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Observed } from '../src/index.ts';
import { apiOf } from './support/api.ts';
import { newFolder, type TestBlobStore } from './support/blob-stores.ts';
import { newBlob } from './support/blob.ts';
import { TestGroup } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';

let store: TestBlobStore;
let relay: TestRelay;
beforeEach(async () => {
  store = await newFolder();
  relay = await startRelay({ blobs: await store.open(), instances: 1 });
});
afterEach(async () => {
  await relay.close();
  await store.remove();
});

/** Sends a body in pieces as large as that, until there is an answer, and gives it. */
async function sendPieces(head: string, body: Buffer, pieceBytes: number): Promise<string> {
  const socket = connect(Number(new URL(relay.url).port), '127.0.0.1');
  const answer = firstOf(socket);
  socket.write(`${head}\r\nHost: ${relay.host}\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const heard = new AbortController();
  void answer.then(() => heard.abort());
  for (let at = 0; at < body.length && !heard.signal.aborted; at += 1_000 * pieceBytes) {
    const bytes = chunked(body.subarray(at, at + 1_000 * pieceBytes), pieceBytes);
    if (!socket.write(bytes)) await Promise.race([answer, once(socket, 'drain').catch(() => undefined)]);
  }
  if (!heard.signal.aborted) socket.write('0\r\n\r\n');
  const text = await answer;
  socket.destroy();
  return text;
}

/** What comes first. A relay that closes while it is being sent to may be understood by the end of the connection alone. */
function firstOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (data) => resolve(data.toString()));
    socket.on('error', () => resolve('cut off'));
    socket.once('close', () => resolve('cut off'));
  });
}

function chunked(bytes: Buffer, pieceBytes: number): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat(pieces);
}

/** A call whose last byte does not come. */
async function sendPartly(url: string, bytes: number): Promise<{ socket: Socket; answer: Promise<string> }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const answer = firstOf(socket);
  socket.write(`${POST}\r\nHost: ${new URL(url).host}\r\nContent-Length: ${bytes}\r\n\r\n`);
  await new Promise((resolve) => socket.write(json(bytes).subarray(0, -1), resolve));
  return { socket, answer };
}

const POST = 'POST /trpc/auth.challenge HTTP/1.1\r\nContent-Type: application/json';
const json = (bytes: number) => Buffer.from(`{${' '.repeat(bytes - 2)}}`);

test('RLY-100 a call in pieces of a byte is refused, long before it is all there', async () => {
  const answer = await sendPieces(POST, json(1024 * 1024), 1);
  expect(answer).toMatch(/^(HTTP\/1\.1 400 [^]*"code":"BAD_INPUT"|cut off$)/);
});

test('RLY-100 one in pieces as small as packets is taken, and so is a short one in the smallest', async () => {
  expect(await sendPieces(POST, json(1024 * 1024), 500)).toMatch(/^HTTP\/1\.1 200 /);
  expect(await sendPieces(POST, json(1_000), 1)).toMatch(/^HTTP\/1\.1 200 /);
});

test('RLY-100 an upload in pieces of a byte is refused, and what came before is kept', async () => {
  const group = await new TestGroup(relay.url).create();
  const blob = await newBlob(relay.url, group, 1024 * 1024).create();
  const headers = Object.entries(blob.patchHeaders(0)).map(([name, value]) => `${name}: ${value}`);
  const patch = [`PATCH ${blobPath(blob.id)} HTTP/1.1`, ...headers].join('\r\n');
  expect(await sendPieces(patch, blob.bytes, 1)).toMatch(/^HTTP\/1\.1 400 [^]*"code":"BAD_INPUT"/);
  const offset = await blob.offset();
  expect(offset).toBeGreaterThan(0);
  expect(offset).toBeLessThan(10_000);
  expect((await blob.patch(offset)).status).toBe(204);
  expect((await blob.download()).equals(blob.bytes)).toBe(true);
});

test('RLY-91 calls that are not all there hold so many bytes, one address half of them, and room comes back', async () => {
  const MIB = 1024 * 1024;
  const observed: Observed[] = [];
  const observe = (event: Observed) => observed.push(event);
  const narrow = await startRelay({ instances: 1, bounds: { maxPartialBytes: 4 * MIB }, observe });
  const first = await sendPartly(narrow.url, 1.5 * MIB);
  const second = await sendPartly(narrow.url, 1.5 * MIB);
  // On a busy machine the relay may read the second one first. Whichever finds no room is answered.
  const refusal = await Promise.race([first.answer, second.answer]);
  expect(refusal).toMatch(/ 503 [^]*UNAVAILABLE[^]*retryAfterMs/);
  expect(observed).toContainEqual({ type: 'refused', reason: 'bytes' });
  for (const { socket } of [first, second]) socket.destroy();
  const api = apiOf(narrow.url);
  await eventually('there is room again', async () => {
    const third = await sendPartly(narrow.url, 1.5 * MIB);
    third.socket.write('}');
    const answer = await third.answer;
    third.socket.destroy();
    return answer.includes(' 200 ');
  });
  expect((await api.auth.challenge.mutate({})).challenge).toHaveLength(43);
  await narrow.close();
});
