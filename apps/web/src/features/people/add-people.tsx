'use client';

import { useState } from 'react';
import { useAction } from '@quicprochat/react';
import type { Conversation } from '@quicprochat/sdk';
import { Failure } from '../../parts/failure.tsx';
import { HandlesField } from '../conversations/handles-field.tsx';
import { parseHandles } from '../conversations/handles.ts';
import styles from './forms.module.css';

/** Brings people in. They read what is written from then on, and nothing before. */
export function AddPeople({ conversation }: { conversation: Conversation }) {
  const [people, setPeople] = useState('');
  const { handles, malformed } = parseHandles(people);
  const action = useAction(() => conversation.members.add(handles));
  return (
    <section>
      <h3>Add people</h3>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          void action.run().then((done) => done && setPeople(''));
        }}
      >
        <HandlesField value={people} malformed={malformed} onChange={setPeople} />
        <Failure error={action.error} />
        <button
          type="submit"
          className="button"
          disabled={action.pending || malformed.length > 0 || handles.length === 0}
        >
          {action.pending ? 'Adding…' : 'Add'}
        </button>
      </form>
    </section>
  );
}
