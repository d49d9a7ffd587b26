'use client';

import { useState } from 'react';
import type { Conversation } from '@quicprochat/sdk';
import { Failure } from '../../parts/failure.tsx';
import { useChange } from '../../parts/changes/use-change.ts';
import { HandlesField } from './handles-field.tsx';
import { parseHandles } from './handles.ts';
import styles from './forms.module.css';

/** Brings people in. They read what is written from then on, and nothing before. */
export function AddPeople({ conversation }: { conversation: Conversation }) {
  const [people, setPeople] = useState('');
  const { handles, malformed } = parseHandles(people);
  const change = useChange(conversation, {
    asked: () => ({ kind: 'add', handles }),
    work: (options) => conversation.members.add(handles, options),
  });
  return (
    <section>
      <h3>Add people</h3>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          void change.run().then((outcome) => outcome === 'done' && setPeople(''));
        }}
      >
        <HandlesField value={people} malformed={malformed} onChange={setPeople} />
        <Failure error={change.error} />
        <button
          type="submit"
          className="button"
          disabled={change.pending || malformed.length > 0 || handles.length === 0}
        >
          {change.isWaiting ? 'Waiting…' : change.pending ? 'Adding…' : 'Add'}
        </button>
      </form>
    </section>
  );
}
