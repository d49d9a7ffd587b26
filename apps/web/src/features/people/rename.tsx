'use client';

import { useId, useState } from 'react';
import type { Conversation } from '@quicprochat/sdk';
import { Failure } from '../../parts/failure.tsx';
import { useChange } from '../../parts/changes/use-change.ts';
import styles from './forms.module.css';

/** Gives the conversation another name, for everyone. */
export function Rename({ conversation, name }: { conversation: Conversation; name: string }) {
  const inputId = useId();
  const [typed, setTyped] = useState(name);
  const change = useChange(conversation, {
    asked: () => ({ kind: 'rename', name: typed.trim() }),
    work: (options) => conversation.rename(typed.trim(), options),
  });
  return (
    <section>
      <h3>Name</h3>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          void change.run();
        }}
      >
        <div className="field">
          <label htmlFor={inputId}>Name of the conversation</label>
          <input
            id={inputId}
            dir="auto"
            value={typed}
            maxLength={100}
            autoComplete="off"
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
        <Failure error={change.error} />
        <button type="submit" className="button" disabled={change.pending || typed.trim() === name}>
          Rename
        </button>
      </form>
    </section>
  );
}
