// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClientProvider } from '@quicprochat/react';
import { StorageError, TransportError, type Connection } from '@quicprochat/sdk';
import { FakeClient } from '../../../test/fake-client.ts';
import { render, type Rendered } from '../../../test/render.ts';
import { OfflineBanner } from './offline-banner.tsx';

const REFUSED = new TransportError('NETWORK', 'Add https://page.example to QPC_ORIGINS.', {
  retryable: true,
  details: { reason: 'origin', pageOrigin: 'https://page.example' },
});
const SILENT = new TransportError('NETWORK', 'The relay cannot be reached.', { retryable: true });

function mismatch(update: 'app' | 'relay', sentence: string): TransportError {
  return new TransportError('PROTOCOL_VERSION_MISMATCH', sentence, { retryable: true, details: { update } });
}

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

  it('has the client try again now for whoever does not want to wait', async () => {
    const { client, becomes } = await setUp(SILENT);
    await becomes('offline');
    const button = shown?.element.querySelector('button');
    expect(button?.textContent).toBe('Try now');
    await shown?.act(() => button?.click());
    expect(client.reconnects).toBe(1);
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

  it('says what a person has to do if the client knows', async () => {
    const { client, becomes, text } = await setUp();
    client.trouble = mismatch('relay', 'The relay is too old for this app.');
    await becomes('offline');
    expect(text()).toContain('The relay is too old for this app.');
    expect(shown?.element.querySelector('button')).toBeNull();
  });

  it.each([
    [
      'a newer version has the store',
      new StorageError('STORE_VERSION', 'Update.'),
      'A newer version is open in another tab',
    ],
    ['the relay is too new', mismatch('app', 'Update.'), 'This page is too old for the relay'],
  ])('offers a reload if %s', async (_when, trouble, sentence) => {
    const reload = vi.spyOn(location, 'reload').mockImplementation(() => undefined);
    const { client, becomes, text } = await setUp();
    client.trouble = trouble;
    await becomes('offline');
    expect(text()).toContain(sentence);
    expect(text()).toContain('is kept.');
    const button = shown?.element.querySelector('button');
    expect(button?.textContent).toBe('Reload');
    await shown?.act(() => button?.click());
    expect(reload).toHaveBeenCalledTimes(1);
  });

  it('stops asking when it is closed', async () => {
    const { client, becomes, pass } = await setUp(SILENT, SILENT, SILENT);
    await becomes('offline');
    await shown?.unmount();
    await pass(120_000);
    expect(client.passes).toBe(1);
  });
});
