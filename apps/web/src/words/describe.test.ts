import { describe as suite, expect, it } from 'vitest';
import { describe, describeHealed, previewOf, type Notice } from './describe.ts';

type Content = Notice['content'];

const added = (...handles: string[]): Content => ({ type: 'members-added', handles });
const removed = (...handles: string[]): Content => ({ type: 'members-removed', handles });
const left = (handle: string): Content => ({ type: 'left', handle });
const renamed = (name: string): Content => ({ type: 'renamed', name });
const healed = (handle: string): Content => ({ type: 'healed', handle });

/** All of it as alice reads it. An own line has her handle or none as its sender; both mean her. */
const ALICE = 'alice';
const SENTENCES: readonly [content: Content, from: string, sentence: string][] = [
  [added('bob'), 'alice', 'You added bob'],
  [added('bob', 'carol'), 'alice', 'You added bob and carol'],
  [added('bob', 'carol', 'dave'), 'alice', 'You added bob, carol and dave'],
  [added('alice'), 'alice', 'You added yourself'],
  [added('alice'), 'bob', 'bob added you'],
  [added('alice', 'carol'), 'bob', 'bob added you and carol'],
  [added('carol', 'alice', 'dave'), 'bob', 'bob added you, carol and dave'],
  [added('carol'), 'bob', 'bob added carol'],
  [added('bob'), 'bob', 'bob added themselves'],
  [added('alice'), '', 'You were added'],
  [added('bob'), '', 'bob was added'],
  [added('bob', 'alice'), '', 'You and bob were added'],
  [added('bob', 'carol'), '', 'bob and carol were added'],
  [removed('bob'), 'alice', 'You removed bob'],
  [removed('bob', 'carol'), 'alice', 'You removed bob and carol'],
  [removed('carol'), 'bob', 'bob removed carol'],
  [removed('alice'), 'bob', 'bob removed you'],
  [removed('carol', 'alice'), 'bob', 'bob removed you and carol'],
  [removed('alice'), '', 'You were removed'],
  [removed('carol'), '', 'carol was removed'],
  [left('alice'), 'alice', 'You left'],
  [left('bob'), 'bob', 'bob left'],
  // Whoever committed the leave did not remove anybody: the line is about the person who left.
  [left('bob'), 'alice', 'bob left'],
  [left('bob'), 'carol', 'bob left'],
  [left('bob'), '', 'bob left'],
  [left(''), '', 'Someone left'],
  [renamed('Tea'), 'alice', 'You named the conversation “Tea”'],
  [renamed('Tea'), 'bob', 'bob named the conversation “Tea”'],
  [renamed('Tea'), '', 'The conversation was named “Tea”'],
  [renamed(''), 'alice', 'You removed the conversation’s name'],
  [renamed(''), 'bob', 'bob removed the conversation’s name'],
  [renamed(''), '', 'The conversation’s name was removed'],
  [healed('alice'), 'alice', 'You renewed your keys'],
  [healed('bob'), 'bob', 'bob renewed their keys'],
  [healed(''), '', 'Someone renewed their keys'],
];

suite('describe', () => {
  it.each(SENTENCES)('%j by %j reads: %s', (content, from, sentence) => {
    expect(describe({ content, from, own: from === ALICE }, ALICE)).toBe(sentence);
  });

  it('goes by `own` and not by the handle that an own line carries', () => {
    expect(describe({ content: added('bob'), from: '', own: true }, ALICE)).toBe('You added bob');
  });

  it('does not take a handle that reads like our words for ours', () => {
    expect(describe({ content: removed('you'), from: 'you', own: false }, ALICE)).toBe(
      '“you” removed themselves',
    );
    expect(describe({ content: left('someone'), from: 'someone', own: false }, ALICE)).toBe('“someone” left');
    expect(describe({ content: added('you', 'alice'), from: 'bob', own: false }, ALICE)).toBe(
      'bob added you and “you”',
    );
  });

  it('has a sentence for codes that no version knew', () => {
    const content = { type: 'undecryptable', code: 'INTERNAL' } as const;
    expect(describe({ content, from: '', own: false }, ALICE)).toContain('could not be opened');
  });
});

suite('describeHealed', () => {
  it.each([
    [['alice'], 'You renewed your keys'],
    [['bob'], 'bob renewed their keys'],
    [['bob', 'alice'], 'You and bob renewed their keys'],
  ])('%j: %s', (handles, sentence) => {
    expect(describeHealed(handles, ALICE)).toBe(sentence);
  });
});

suite('previewOf', () => {
  it('names the person who acted in a line of the system, and not this account', () => {
    const lastMessage = { content: added('alice'), from: 'bob', own: false };
    const members = [{ handle: 'alice', deviceId: '1', own: true }];
    const snapshot = { state: 'active', lastMessage, members } as unknown as Parameters<typeof previewOf>[0];
    expect(previewOf(snapshot)).toBe('bob added you');
  });
});
