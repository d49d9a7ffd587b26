import { TransportError } from '@quicprochat/sdk';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { describe, expect, it, vi } from 'vitest';
import { FakeClient } from '../test/fake-client.ts';
import { renderHook } from '../test/render.ts';
import {
  useAction,
  useClient,
  useConnection,
  useConversation,
  useConversations,
  useMessages,
  useSafetyNumber,
  useSecurity,
  useTrouble,
} from './index.ts';

describe('useClient', () => {
  it('says what is missing outside of a provider', () => {
    const Lost = () => createElement('p', undefined, useClient().handle);
    expect(() => renderToString(createElement(Lost))).toThrow(
      'useClient must be called below a <ClientProvider',
    );
  });
});

describe('useConnection', () => {
  it('follows the connection, and stops listening when it is unmounted', async () => {
    const client = new FakeClient();
    const hook = await renderHook(client, useConnection);
    expect(hook.current).toBe('connecting');
    await hook.act(() => client.change(() => (client.connection = 'online')));
    expect(hook.current).toBe('online');
    await hook.unmount();
    expect(client.listeners).toBe(0);
  });
});

describe('useTrouble', () => {
  it('shows what a person has to do until it is done', async () => {
    const client = new FakeClient();
    const hook = await renderHook(client, useTrouble);
    expect(hook.current).toBeUndefined();
    const error = new TransportError('CLOCK_SKEW', 'This device’s clock is 72 hours ahead of the relay’s.');
    await hook.act(() => client.change(() => (client.trouble = error)));
    expect(hook.current).toBe(error);
    await hook.act(() => client.change(() => (client.trouble = undefined)));
    expect(hook.current).toBeUndefined();
  });
});

describe('useConversations', () => {
  it('shows a new conversation and a changed one', async () => {
    const client = new FakeClient();
    const hook = await renderHook(client, useConversations);
    expect(hook.current).toEqual([]);
    const one = client;
    await hook.act(() => one.add('1', 'tea'));
    expect(hook.current.map(({ name }) => name)).toEqual(['tea']);
  });

  it('does not render again for a change elsewhere', async () => {
    const client = new FakeClient();
    client.add('1');
    const hook = await renderHook(client, useConversations);
    const before = { list: hook.current, renders: hook.renders };
    await hook.act(() => client.change(() => (client.connection = 'offline')));
    expect(hook.current).toBe(before.list);
    expect(hook.renders).toBe(before.renders);
  });
});

describe('useConversation', () => {
  it('gives one object for each version', async () => {
    const client = new FakeClient();
    const conversation = client.add('1', 'tea');
    const hook = await renderHook(client, () => useConversation('1'));
    const before = hook.current;
    await hook.act(() => client.change());
    expect(hook.current).toBe(before);
    await hook.act(() => client.change(() => conversation.say('hello')));
    expect(hook.current).not.toBe(before);
    expect(hook.current?.lastMessage?.content).toEqual({ type: 'text', text: 'hello' });
    expect(before?.lastMessage).toBeUndefined();
  });

  it('shows a draft that another tab wrote', async () => {
    const client = new FakeClient();
    const conversation = client.add('1', 'tea');
    const hook = await renderHook(client, () => useConversation('1'));
    expect(hook.current?.draft).toBe('');
    await hook.act(() =>
      client.change(() => {
        conversation.draft = 'shall we';
        conversation.version++;
      }),
    );
    expect(hook.current?.draft).toBe('shall we');
  });

  it('never takes a name for an id', async () => {
    const client = new FakeClient();
    client.add('1', 'tea');
    const hook = await renderHook(client, () => useConversation('tea'));
    expect(hook.current).toBeUndefined();
  });
});

describe('useMessages', () => {
  it('loads, and follows what comes', async () => {
    const client = new FakeClient();
    const conversation = client.add('1');
    conversation.say('one');
    const hook = await renderHook(client, () => useMessages('1'));
    expect(hook.current).toMatchObject({ status: 'ready', hasEarlier: false });
    await hook.act(() => client.change(() => conversation.say('two', 'queued')));
    expect(hook.current.messages.map(({ state }) => state)).toEqual(['received', 'queued']);
  });

  it('is loading and empty while the conversation is not known', async () => {
    const hook = await renderHook(new FakeClient(), () => useMessages('nowhere'));
    expect(hook.current).toMatchObject({ status: 'loading', messages: [] });
    await expect(hook.current.loadEarlier()).resolves.toBeUndefined();
  });
});

describe('useSecurity', () => {
  it('reads again after a change that is not the conversation’s own', async () => {
    const client = new FakeClient();
    client.add('1');
    const hook = await renderHook(client, () => useSecurity('1'));
    const before = hook.current;
    expect(before?.epoch).toBe(1);
    await hook.act(() => client.change());
    expect(hook.current).not.toBe(before);
  });

  it('reads again as time goes by', async () => {
    vi.useFakeTimers();
    try {
      const client = new FakeClient();
      client.add('1');
      const hook = await renderHook(client, () => useSecurity('1'));
      const before = hook.current;
      await hook.act(() => vi.advanceTimersByTime(30_000));
      expect(hook.current).not.toBe(before);
      await hook.unmount();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('useSafetyNumber', () => {
  it('tells the number, or why there is none', async () => {
    const client = new FakeClient();
    const known = await renderHook(client, () => useSafetyNumber('bob'));
    expect(known.current.digits).toBe('number of bob');
    const cause = new Error('not met');
    client.contacts.safetyNumber = () => Promise.reject(cause);
    const unknown = await renderHook(client, () => useSafetyNumber('mallory'));
    expect(unknown.current).toMatchObject({ digits: undefined, error: cause });
  });

  it('reads the number again when the key changes, and shows none meanwhile', async () => {
    const client = new FakeClient();
    const hook = await renderHook(client, () => useSafetyNumber('bob'));
    const { safetyNumber } = client.contacts;
    let arrive = () => {};
    client.contacts.safetyNumber = async (handle) => {
      await new Promise<void>((resolve) => (arrive = resolve));
      return safetyNumber(handle);
    };
    await hook.act(() => client.change(() => (client.key = ' with another key')));
    expect(hook.current.digits).toBeUndefined();
    await hook.act(() => arrive());
    expect(hook.current.digits).toBe('number of bob with another key');
  });

  it('shows no number of the handle before', async () => {
    const client = new FakeClient();
    let handle = 'bob';
    const hook = await renderHook(client, () => [useSafetyNumber(handle), useConnection()] as const);
    client.contacts.safetyNumber = () => new Promise(() => undefined);
    handle = 'carol';
    await hook.act(() => client.change(() => (client.connection = 'online')));
    expect(hook.current[0].digits).toBeUndefined();
  });
});

describe('useAction', () => {
  it('tells what failed, and forgets it at the next try', async () => {
    const work = vi.fn().mockRejectedValueOnce(new Error('no')).mockResolvedValueOnce(undefined);
    const hook = await renderHook(new FakeClient(), () => useAction(work));
    await hook.act(async () => expect(await hook.current.run()).toBe(false));
    expect(hook.current.error).toEqual(new Error('no'));
    await hook.act(async () => expect(await hook.current.run()).toBe(true));
    expect(hook.current).toMatchObject({ pending: false, error: undefined });
  });

  it('refuses a second start while it runs', async () => {
    let finish: () => void = () => undefined;
    const work = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
    const hook = await renderHook(new FakeClient(), () => useAction(work));
    let first: Promise<boolean> | undefined;
    await hook.act(() => void (first = hook.current.run()));
    expect(hook.current.pending).toBe(true);
    await hook.act(async () => expect(await hook.current.run()).toBe(false));
    await hook.act(() => finish());
    expect(await first).toBe(true);
    expect(work).toHaveBeenCalledTimes(1);
  });
});
