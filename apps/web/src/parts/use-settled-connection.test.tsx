// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClientProvider } from '@quicprochat/react';
import type { Connection } from '@quicprochat/sdk';
import { FakeClient } from '../../test/fake-client.ts';
import { render, type Rendered } from '../../test/render.ts';
import { ConnectionState } from './connection-state.tsx';
import { OfflineBanner } from '../features/shell/offline-banner.tsx';

let shown: Rendered | undefined;
let hasNetwork = true;
beforeEach(() => {
  vi.useFakeTimers();
  hasNetwork = true;
  vi.spyOn(navigator, 'onLine', 'get').mockImplementation(() => hasNetwork);
});
afterEach(async () => {
  await shown?.unmount();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function setUp(connection: Connection) {
  const client = new FakeClient();
  client.connection = connection;
  const rendered = await render(
    <ClientProvider client={client.real}>
      <ConnectionState />
      <OfflineBanner />
    </ClientProvider>,
  );
  shown = rendered;
  return {
    becomes: (next: Connection) => rendered.act(() => client.change(() => (client.connection = next))),
    network: (up: boolean) =>
      rendered.act(() => {
        hasNetwork = up;
        window.dispatchEvent(new Event(up ? 'online' : 'offline'));
      }),
    pass: (ms: number) => rendered.act(() => vi.advanceTimersByTime(ms)),
    word: () => rendered.element.querySelector('[data-connection]')?.textContent,
    banner: () => rendered.element.querySelector('[role="status"]')?.textContent !== '',
  };
}

describe('the connection as it is shown', () => {
  it('does not flicker for a stream that is back at once', async () => {
    const { becomes, pass, word, banner } = await setUp('online');
    await becomes('offline');
    expect([word(), banner()]).toEqual(['Connected', false]);
    await pass(1_000);
    await becomes('online');
    await pass(5_000);
    expect([word(), banner()]).toEqual(['Connected', false]);
  });

  it('tells a loss that lasts', async () => {
    const { becomes, pass, word, banner } = await setUp('online');
    await becomes('offline');
    await pass(2_000);
    expect([word(), banner()]).toEqual(['Offline', true]);
  });

  it('tells a loss at once if the browser has no network', async () => {
    const { becomes, network, word, banner } = await setUp('online');
    await network(false);
    await becomes('offline');
    expect([word(), banner()]).toEqual(['Offline', true]);
  });

  it('tells it at once too if the browser hears of it second', async () => {
    const { becomes, network, word } = await setUp('online');
    await becomes('offline');
    expect(word()).toBe('Connected');
    await network(false);
    expect(word()).toBe('Offline');
  });

  it('stays offline through the tries to come back, and is connected at once when one succeeds', async () => {
    const { becomes, network, pass, word, banner } = await setUp('online');
    await network(false);
    await becomes('offline');
    await network(true);
    for (let tries = 0; tries < 3; tries++) {
      await becomes('connecting');
      await pass(3_000);
      expect([word(), banner()]).toEqual(['Offline', true]);
      await becomes('offline');
      expect([word(), banner()]).toEqual(['Offline', true]);
    }
    await becomes('online');
    expect([word(), banner()]).toEqual(['Connected', false]);
  });

  it('does not take an old loss for a new one', async () => {
    const { becomes, pass, word } = await setUp('online');
    await becomes('offline');
    await pass(2_000);
    await becomes('online');
    await becomes('offline');
    expect(word()).toBe('Connected');
  });
});
