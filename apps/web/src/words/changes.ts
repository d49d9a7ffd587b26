import { isolated } from '@quicprochat/sdk';
import { names } from './describe.ts';

/** A change of a conversation that somebody asks for. */
export interface Asked {
  kind: 'add' | 'remove' | 'rename' | 'heal' | 'leave';
  /** Whom `add` and `remove` are about. */
  handles?: readonly string[];
  /** The new name, if it is known. */
  name?: string;
}

/** A change in words. Both go on with a sentence that has begun. */
export interface Words {
  /** `bob will be removed` */
  will: string;
  /** `bob was not removed` */
  not: string;
}

export function wordsOf({ kind, handles = [], name }: Asked): Words {
  switch (kind) {
    case 'add':
      return aboutPeople(handles, 'added');
    case 'remove':
      return aboutPeople(handles, 'removed');
    case 'rename':
      return { will: nameWords(name), not: 'the conversation was not renamed' };
    case 'heal':
      return { will: 'your keys will be renewed', not: 'your keys were not renewed' };
    case 'leave':
      return { will: 'you will leave', not: 'you did not leave' };
  }
}

/** Whether both ask for the same, as far as it can be told: the SDK does not say which name. */
export function isSame(one: Asked, other: Asked): boolean {
  const people = ({ handles = [] }: Asked) => [...handles].sort().join();
  return one.kind === other.kind && people(one) === people(other);
}

function aboutPeople(handles: readonly string[], done: string): Words {
  const people = names(handles, '');
  return {
    will: `${people} will be ${done}`,
    not: `${people} ${handles.length === 1 ? 'was' : 'were'} not ${done}`,
  };
}

function nameWords(name: string | undefined): string {
  if (name === undefined) return 'the conversation will be renamed';
  return name === ''
    ? 'the conversation’s name will be removed'
    : `the conversation will be named “${isolated(name)}”`;
}
