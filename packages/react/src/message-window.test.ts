import { describe, expect, it, vi } from 'vitest';
import { FakeClient } from '../test/fake-client.ts';
import { MessageWindow, type MessageWindowOptions } from './message-window.ts';

function setUp(lines: number, options: MessageWindowOptions & { read?: number } = {}) {
  const client = new FakeClient();
  const conversation = client.add('1');
  for (let n = 1; n <= lines; n++) conversation.say(String(n));
  conversation.readPosition = options.read ?? lines;
  conversation.unread = lines - conversation.readPosition;
  const window = new MessageWindow(client.real, conversation.real, { pageSize: 5, ...options });
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

  it('knows of a full page that it is the first', async () => {
    const { window } = setUp(5);
    await window.refresh();
    expect(window.snapshot()).toMatchObject({ hasEarlier: false, hasLater: false, status: 'ready' });
    expect(window.snapshot().messages).toHaveLength(5);
  });

  it('keeps what was loaded before when much comes at once', async () => {
    const { client, conversation, window, positions } = setUp(8);
    await window.refresh();
    for (let n = 9; n <= 50; n++) conversation.say(String(n));
    client.change();
    await window.refresh();
    expect(positions()).toEqual(Array.from({ length: 47 }, (_, n) => n + 4));
  });

  it.each([
    ['at once', 400],
    ['one by one', 1],
  ])('holds the newest ten pages at most, although more comes %s', async (_, together) => {
    const { client, conversation, window, positions } = setUp(8);
    await window.refresh();
    for (let n = 9; n <= 408; n++) {
      conversation.say(String(n));
      if ((n - 8) % together > 0) continue;
      client.change();
      await window.refresh();
      expect(positions().length).toBeLessThanOrEqual(50);
    }
    expect(positions()).toEqual(Array.from({ length: 50 }, (_, n) => n + 359));
    expect(window.snapshot()).toMatchObject({ hasEarlier: true, hasLater: false, isFull: true });
    await window.loadEarlier();
    expect(positions()[0]).toBe(354);
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

  it('misses no change, at whichever step of a reading it comes', async () => {
    for (let steps = 0; steps < 20; steps++) {
      const { client, conversation, window, positions } = setUp(1);
      const reading = window.refresh();
      for (let step = 0; step < steps; step++) await Promise.resolve();
      client.change(() => conversation.say('2'));
      await reading;
      await new Promise((resolve) => setTimeout(resolve));
      expect(positions(), `after ${steps} steps`).toEqual([1, 2]);
    }
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

  it('reads by itself again what could not be read, though nothing else changes', async () => {
    const { client, conversation, window, positions, stop } = setUp(2);
    await window.refresh();
    conversation.failing = new Error('the storage is busy');
    client.change(() => conversation.say('3'));
    await window.refresh();
    conversation.failing = undefined;
    await vi.waitFor(() => expect(positions()).toEqual([1, 2, 3]), 10_000);
    expect(window.snapshot().status).toBe('ready');
    stop();
  });

  it('listens to the client only while somebody listens to it', () => {
    const { client, stop } = setUp(1);
    expect(client.listeners).toBe(1);
    stop();
    expect(client.listeners).toBe(0);
  });
});

/** From the first to the last, each once. */
const span = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

describe('a MessageWindow that starts at the first unread message', () => {
  const start = 'first-unread';

  it('loads the lines around it, with some 500 after it', async () => {
    const { window, positions } = setUp(612, { start, read: 100, pageSize: 50 });
    await window.refresh();
    expect(window.snapshot()).toMatchObject({ firstUnread: 101, hasEarlier: true, hasLater: true });
    expect(window.snapshot().placing.at).toBe('first-unread');
    expect(positions()).toEqual(span(76, 150));
  });

  it('finds it behind pages of lines that count as nothing', async () => {
    const { conversation, window, positions } = setUp(3, { start });
    for (let n = 0; n < 450; n++) conversation.happen({ type: 'healed', handle: 'alice' });
    conversation.say('at last');
    conversation.unread = 1;
    await window.refresh();
    expect(window.snapshot().firstUnread).toBe(454);
    expect(positions()).toEqual(span(451, 454));
  });

  it('begins with the newest ones if everything was read', async () => {
    const { window, positions } = setUp(612, { start, pageSize: 50 });
    await window.refresh();
    expect(window.snapshot()).toMatchObject({ firstUnread: undefined, hasEarlier: true, hasLater: false });
    expect(positions()).toEqual(span(563, 612));
  });

  it('is at both ends if the history is short', async () => {
    const { window, positions } = setUp(4, { start, read: 2 });
    await window.refresh();
    expect(window.snapshot()).toMatchObject({ firstUnread: 3, hasEarlier: false, hasLater: false });
    expect(positions()).toEqual([1, 2, 3, 4]);
  });

  it('reaches each end of 600 lines page by page, without a gap and with none twice', async () => {
    const { window, positions } = setUp(600, { start, read: 300, pageSize: 50 });
    await window.refresh();
    while (window.snapshot().hasLater) {
      const last = positions().at(-1)!;
      await window.loadLater();
      expect(positions()).toEqual(span(positions()[0]!, Math.min(last + 50, 600)));
    }
    while (window.snapshot().hasEarlier) {
      const first = positions()[0]!;
      await window.loadEarlier();
      expect(positions()).toEqual(span(Math.max(first - 50, 1), positions().at(-1)!));
    }
    expect(positions()[0]).toBe(1);
  });

  it('keeps at most ten pages, and says that the other end is no longer here', async () => {
    const { client, conversation, window, positions } = setUp(700, { pageSize: 50 });
    await window.refresh();
    for (let n = 0; n < 12; n++) await window.loadEarlier();
    expect(positions()).toEqual(span(51, 550));
    expect(window.snapshot()).toMatchObject({ hasEarlier: true, hasLater: true, isFull: true });
    conversation.say('701');
    client.change();
    await window.refresh();
    expect(positions()).toEqual(span(51, 550));
    for (let n = 0; n < 4; n++) await window.loadLater();
    expect(positions()).toEqual(span(202, 701));
    expect(window.snapshot()).toMatchObject({ hasEarlier: true, hasLater: false });
  });

  it('does not show what comes at the end until it is there', async () => {
    const { client, conversation, window, positions } = setUp(20, { start, read: 5 });
    await window.refresh();
    expect(positions()).toEqual(span(3, 10));
    client.change(() => conversation.say('21'));
    await window.refresh();
    expect(positions()).toEqual(span(3, 10));
    await window.goTo('newest');
    expect(positions()).toEqual(span(17, 21));
    client.change(() => conversation.say('22'));
    await window.refresh();
    expect(positions()).toEqual(span(17, 22));
  });

  it('takes in changes of its lines while it is not at the end', async () => {
    const { client, conversation, window } = setUp(20, { start, read: 5 });
    await window.refresh();
    conversation.lines[5] = { ...conversation.lines[5]!, state: 'failed' };
    conversation.version++;
    client.change();
    await window.refresh();
    expect(window.snapshot().messages.find(({ position }) => position === 6)?.state).toBe('failed');
    expect(window.snapshot().hasLater).toBe(true);
  });

  it('goes back to what is unread now, and tells of each placing', async () => {
    const { conversation, window, positions } = setUp(40, { start, read: 10 });
    await window.refresh();
    const first = window.snapshot().placing;
    await window.goTo('newest');
    expect(window.snapshot().placing).not.toBe(first);
    expect(positions()).toEqual(span(36, 40));
    conversation.readPosition = 20;
    await window.goTo('first-unread');
    expect(window.snapshot()).toMatchObject({ firstUnread: 21, placing: { at: 'first-unread' } });
    expect(positions()).toEqual(span(18, 25));
  });

  it('does readings that are asked for at once one after the other, and loses none', async () => {
    const { client, conversation, window, positions } = setUp(100, { start, read: 50 });
    await window.refresh();
    conversation.say('101');
    client.change();
    await Promise.all([window.loadEarlier(), window.loadLater(), window.refresh(), window.loadEarlier()]);
    expect(positions()).toEqual(span(38, 60));
  });
});
