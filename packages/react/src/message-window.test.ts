import { describe, expect, it } from 'vitest';
import { FakeClient } from '../test/fake-client.ts';
import { MessageWindow } from './message-window.ts';

function setUp(lines: number, pageSize = 5) {
  const client = new FakeClient();
  const conversation = client.add('1');
  for (let n = 1; n <= lines; n++) conversation.say(String(n));
  const window = new MessageWindow(client.real, conversation.real, pageSize);
  const stop = window.subscribe(() => undefined);
  const positions = () => window.snapshot().messages.map(({ position }) => position);
  return { client, conversation, window, positions, stop };
}

describe('MessageWindow', () => {
  it('loads the newest page first, and the one before on demand', async () => {
    const { window, positions } = setUp(8);
    await window.refresh();
    expect(positions()).toEqual([4, 5, 6, 7, 8]);
    expect(window.snapshot().hasEarlier).toBe(true);
    await window.loadEarlier();
    expect(positions()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(window.snapshot().hasEarlier).toBe(false);
  });

  it('finds out at the next page that a full one was the first', async () => {
    const { window } = setUp(5);
    await window.refresh();
    expect(window.snapshot().hasEarlier).toBe(true);
    await window.loadEarlier();
    expect(window.snapshot()).toMatchObject({ hasEarlier: false, status: 'ready' });
    expect(window.snapshot().messages).toHaveLength(5);
  });

  it('keeps what was loaded before when much comes at once', async () => {
    const { client, conversation, window, positions } = setUp(8);
    await window.refresh();
    for (let n = 9; n <= 60; n++) conversation.say(String(n));
    client.change();
    await window.refresh();
    expect(positions()).toEqual(Array.from({ length: 57 }, (_, n) => n + 4));
  });

  it('keeps the objects of lines that did not change, and only those', async () => {
    const { client, conversation, window } = setUp(3);
    conversation.say('mine', 'queued');
    await window.refresh();
    const before = window.snapshot().messages;
    conversation.lines[3] = { ...conversation.lines[3]!, state: 'sent' };
    conversation.version++;
    client.change();
    await window.refresh();
    const now = window.snapshot().messages;
    expect(now.slice(0, 3).every((message, index) => message === before[index])).toBe(true);
    expect(now[3]?.state).toBe('sent');
  });

  it('reads once more for what changed while it read', async () => {
    const { client, conversation, window, positions } = setUp(1);
    const first = window.refresh();
    conversation.say('2');
    client.change();
    await first;
    expect(positions()).toEqual([1, 2]);
  });

  it('does not read for a change elsewhere', async () => {
    const { client, conversation, window } = setUp(1);
    await window.refresh();
    const reads = conversation.asked.length;
    client.change();
    await window.refresh();
    expect(conversation.asked).toHaveLength(reads);
  });

  it('tells that reading failed, keeps what it has, and recovers with the next change', async () => {
    const { client, conversation, window, positions } = setUp(2);
    await window.refresh();
    conversation.failing = new Error('quota');
    client.change(() => conversation.say('3'));
    await window.refresh();
    expect(window.snapshot()).toMatchObject({ status: 'failed', error: conversation.failing });
    expect(positions()).toEqual([1, 2]);
    conversation.failing = undefined;
    client.change();
    await window.refresh();
    expect(window.snapshot()).toMatchObject({ status: 'ready', error: undefined });
    expect(positions()).toEqual([1, 2, 3]);
  });

  it('listens to the client only while somebody listens to it', () => {
    const { client, stop } = setUp(1);
    expect(client.listeners).toBe(1);
    stop();
    expect(client.listeners).toBe(0);
  });
});
