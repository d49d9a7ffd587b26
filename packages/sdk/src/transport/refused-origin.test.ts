import { expect, test } from 'vitest';
import type { Net } from '../platform/platform.ts';
import { namingRefusals } from './refused-origin.ts';

const RELAY = 'https://relay.example';
const PAGE = 'https://page.example';

/** A browser's network: `readable` and `reachable` are what the test sets, and `calls` is what was asked. */
function browser(pageOrigin: string | undefined = PAGE) {
  const state = { readable: false, reachable: true, calls: [] as string[] };
  const fetch = async (_input: unknown, init?: RequestInit): Promise<Response> => {
    const mode = init?.mode ?? 'cors';
    state.calls.push(mode);
    if (!state.reachable || (mode === 'cors' && !state.readable)) throw new TypeError('Failed to fetch');
    return new Response();
  };
  const net: Net = { fetch, pageOrigin };
  return { state, call: () => namingRefusals(RELAY, net).fetch(`${RELAY}/trpc/x`), net };
}

test('names QPC_ORIGINS and the page if the relay answers, but not to this page', async () => {
  await expect(browser().call()).rejects.toMatchObject({
    code: 'NETWORK',
    retryable: true,
    message: expect.stringMatching(/https:\/\/page\.example.*QPC_ORIGINS/),
    details: { pageOrigin: PAGE },
  });
});

test('passes the failure on if the relay cannot be reached at all', async () => {
  const { state, call } = browser();
  state.reachable = false;
  await expect(call()).rejects.toThrow(new TypeError('Failed to fetch'));
  expect(state.calls).toEqual(['cors', 'no-cors']);
});

test('asks no more once the relay has answered this page', async () => {
  const { state, net } = browser();
  const { fetch } = namingRefusals(RELAY, net);
  state.readable = true;
  await fetch(RELAY);
  state.readable = false;
  state.calls.length = 0;
  await expect(fetch(RELAY)).rejects.toThrow(new TypeError('Failed to fetch'));
  expect(state.calls).toEqual(['cors']);
});

test.each([
  ['outside a browser', undefined],
  ['on the relay’s own origin', RELAY],
])('asks nothing more %s', async (_where, pageOrigin) => {
  const { state, net } = browser();
  const plain: Net = { fetch: net.fetch, pageOrigin };
  await expect(namingRefusals(RELAY, plain).fetch(RELAY)).rejects.toThrow(new TypeError('Failed to fetch'));
  expect(state.calls).toEqual(['cors']);
});
