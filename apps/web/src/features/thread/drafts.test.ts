import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { StorageError, UsageError } from '@quicprochat/sdk';
import { FakeConversation } from '../../../test/fake-conversation.ts';
import { Draft, draftOf } from './drafts.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const aWhile = () => vi.advanceTimersByTimeAsync(10_000);

test('starts with what is stored', () => {
  const conversation = new FakeConversation();
  conversation.draft = 'from yesterday';
  expect(new Draft(conversation).text()).toBe('from yesterday');
});

test('stores what was typed once, after a pause', async () => {
  const conversation = new FakeConversation();
  const draft = new Draft(conversation);
  for (const text of ['t', 'te', 'tea']) draft.write(text);
  expect(draft.text()).toBe('tea');
  expect(conversation.stored).toEqual([]);
  await aWhile();
  expect(conversation.stored).toEqual(['tea']);
});

test('stores also while a person types on without a pause', async () => {
  const conversation = new FakeConversation();
  const draft = new Draft(conversation);
  for (let i = 0; i < 100; i++) {
    draft.write(`${i}`);
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(conversation.stored.length).toBeGreaterThan(3);
  expect(conversation.stored.length).toBeLessThan(10);
});

test('flushing stores at once, and only what changed', async () => {
  const conversation = new FakeConversation();
  const draft = new Draft(conversation);
  draft.flush();
  draft.write('tea');
  draft.flush();
  draft.flush();
  await vi.advanceTimersByTimeAsync(0);
  expect(conversation.stored).toEqual(['tea']);
  await aWhile();
  expect(conversation.stored).toEqual(['tea']);
});

test('the last text written is the last one stored, however slow the store is', async () => {
  const conversation = new FakeConversation();
  let open: () => void = () => undefined;
  conversation.gate = new Promise((resolve) => (open = resolve));
  const draft = new Draft(conversation);
  draft.write('first');
  draft.flush();
  await vi.advanceTimersByTimeAsync(0);
  draft.write('');
  draft.flush();
  open();
  await aWhile();
  expect(conversation.stored).toEqual(['first', '']);
});

test('follows another tab, unless somebody is writing here or something is not stored yet', async () => {
  const conversation = new FakeConversation();
  const draft = new Draft(conversation);
  const heard: string[] = [];
  draft.subscribe(() => heard.push(draft.text()));
  conversation.draft = 'theirs';
  draft.follow({ isWriting: true });
  expect(draft.text()).toBe('');
  draft.follow({ isWriting: false });
  expect(draft.text()).toBe('theirs');

  draft.write('mine');
  conversation.draft = 'theirs again';
  draft.follow({ isWriting: false });
  expect(draft.text()).toBe('mine');
  await aWhile();
  expect(conversation.draft).toBe('mine');
  expect(heard).toEqual(['theirs', 'mine']);
});

test('does not take the echo of an earlier save for another tab’s text', async () => {
  const conversation = new FakeConversation();
  const draft = new Draft(conversation);
  draft.write('a');
  draft.flush();
  await aWhile();
  draft.write('ab');
  draft.flush();
  // The store still says “a” here.
  draft.follow({ isWriting: false });
  expect(draft.text()).toBe('ab');
  await aWhile();
  draft.follow({ isWriting: false });
  expect(draft.text()).toBe('ab');
});

test('a store that is busy is tried again, and one that refuses is not', async () => {
  const conversation = new FakeConversation();
  const draft = new Draft(conversation);
  conversation.failing.push(new StorageError('STORE_UNAVAILABLE', 'busy', { retryable: true }));
  draft.write('tea');
  await aWhile();
  expect(conversation.stored).toEqual(['tea']);

  conversation.failing.push(new UsageError('MESSAGE_TOO_LARGE', 'too long'));
  draft.write('too long');
  await aWhile();
  expect(conversation.stored).toEqual(['tea']);
  expect(draft.text()).toBe('too long');
});

test('is one object for a conversation', () => {
  const [tea, garden] = [new FakeConversation().real, new FakeConversation().real];
  expect(draftOf(tea)).toBe(draftOf(tea));
  expect(draftOf(tea)).not.toBe(draftOf(garden));
});
