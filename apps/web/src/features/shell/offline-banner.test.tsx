// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClientProvider } from '@quicprochat/react';
import { TransportError, type Connection } from '@quicprochat/sdk';
import { FakeClient } from '../../../test/fake-client.ts';
import { render, type Rendered } from '../../../test/render.ts';
import { OfflineBanner } from './offline-banner.tsx';

const REFUSED = new TransportError('NETWORK', 'Add https://page.example to QPC_ORIGINS.', {
  retryable: true,
  details: { pageOrigin: 'https://page.example' },
});
const SILENT = new TransportError('NETWORK', 'The relay cannot be reached.', { retryable: true });

let shown: Rendered | undefined;
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(async () => {
  await shown?.unmount();
  vi.useRealTimers();
});

async function setUp(...failing: Error[]) {
  const client = new FakeClient();
  client.failing.push(...failing);
  const { act, element } = (shown = await render(
    <ClientProvider client={client.real}>
      <OfflineBanner />
    </ClientProvider>,
  ));
  const becomes = async (connection: Connection) => {
    await act(() => client.change(() => (client.connection = connection)));
    await act(() => vi.advanceTimersByTimeAsync(2_000));
  };
  const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));
  return { client, becomes, pass, text: () => element.textContent };
}

describe('the banner while the client is offline', () => {
  it('shows the SDK’s sentence if the relay refuses this page’s origin', async () => {
    const { becomes, text } = await setUp(REFUSED);
    await becomes('offline');
    expect(text()).toContain('Add https://page.example to QPC_ORIGINS.');
    expect(text()).not.toContain('You can read everything here.');
    await becomes('online');
    expect(text()).toBe('');
  });

  it('says what still works if the relay is silent, and hears of a refusal when the relay is back', async () => {
    const { becomes, pass, text } = await setUp(SILENT, REFUSED);
    await becomes('offline');
    expect(text()).toContain('You can read everything here.');
    await pass(30_000);
    expect(text()).toContain('QPC_ORIGINS');
  });

  it('asks for no reason while online, and no more once it is known', async () => {
    const { client, becomes, pass } = await setUp(SILENT);
    await pass(120_000);
    expect(client.passes).toBe(0);
    await becomes('offline');
    await pass(120_000);
    expect(client.passes).toBe(2);
  });

  it('asks for no reason if the page and the relay share an origin', async () => {
    const { client, becomes } = await setUp(REFUSED);
    Object.assign(client, { relay: location.origin });
    await becomes('offline');
    expect(client.passes).toBe(0);
  });

  it('stops asking when it is closed', async () => {
    const { client, becomes, pass } = await setUp(SILENT, SILENT, SILENT);
    await becomes('offline');
    await shown?.unmount();
    await pass(120_000);
    expect(client.passes).toBe(1);
  });
});
