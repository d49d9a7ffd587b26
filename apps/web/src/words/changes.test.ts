import { describe, expect, it } from 'vitest';
import { isSame, wordsOf, type Asked } from './changes.ts';

const WORDS: readonly [asked: Asked, will: string, not: string][] = [
  [{ kind: 'add', handles: ['bob'] }, 'bob will be added', 'bob was not added'],
  [
    { kind: 'add', handles: ['bob', 'carol', 'dave'] },
    'bob, carol and dave will be added',
    'bob, carol and dave were not added',
  ],
  [{ kind: 'remove', handles: ['bob'] }, 'bob will be removed', 'bob was not removed'],
  [
    { kind: 'rename', name: 'Tea' },
    'the conversation will be named “Tea”',
    'the conversation was not renamed',
  ],
  [
    { kind: 'rename', name: '' },
    'the conversation’s name will be removed',
    'the conversation was not renamed',
  ],
  [{ kind: 'rename' }, 'the conversation will be renamed', 'the conversation was not renamed'],
  [{ kind: 'heal' }, 'your keys will be renewed', 'your keys were not renewed'],
  [{ kind: 'leave' }, 'you will leave', 'you did not leave'],
];

describe('wordsOf', () => {
  it.each(WORDS)('%j: %s', (asked, will, not) => {
    expect(wordsOf(asked)).toEqual({ will, not });
  });
});

describe('isSame', () => {
  it('goes by the kind and the people, in any order', () => {
    expect(isSame({ kind: 'add', handles: ['a', 'b'] }, { kind: 'add', handles: ['b', 'a'] })).toBe(true);
    expect(isSame({ kind: 'add', handles: ['a'] }, { kind: 'remove', handles: ['a'] })).toBe(false);
    expect(isSame({ kind: 'add', handles: ['a'] }, { kind: 'add', handles: ['b'] })).toBe(false);
    expect(isSame({ kind: 'rename', name: 'Tea' }, { kind: 'rename' })).toBe(true);
  });
});
