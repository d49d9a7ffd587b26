'use client';

import { useEffect, useId, useRef, useState } from 'react';
import { useAction, useClient } from '@quicprochat/react';
import { Failure } from '../../parts/failure.tsx';
import { Modal } from '../../parts/modal.tsx';
import { addressOf } from '../../navigation/use-fragment.ts';
import { HandlesField } from '../people/handles-field.tsx';
import { parseHandles } from '../people/handles.ts';
import styles from './new-conversation.module.css';

/** Makes a conversation and opens it. */
export function NewConversation({ onClose }: { onClose: () => void }) {
  const client = useClient();
  const nameId = useId();
  const [name, setName] = useState('');
  const [people, setPeople] = useState('');
  const { handles, malformed } = parseHandles(people);
  const creating = useRef<AbortController>(undefined);
  const action = useAction(async () => {
    const { signal } = (creating.current = new AbortController());
    const { id } = await client.conversations.create({ name: name.trim(), members: handles, signal });
    location.hash = addressOf(id);
  });
  // However the dialog goes away: what nobody waits for any more is not to be created later.
  useEffect(() => () => creating.current?.abort(), []);

  return (
    <Modal title="New conversation" onClose={onClose}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (malformed.length === 0) void action.run().then((done) => done && onClose());
        }}
      >
        <div className="field">
          <label htmlFor={nameId}>Name (optional)</label>
          <input
            id={nameId}
            dir="auto"
            value={name}
            maxLength={100}
            autoComplete="off"
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <HandlesField value={people} malformed={malformed} onChange={setPeople} />
        <Failure error={action.error} />
        <div className={styles.buttons}>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            className="button primary"
            disabled={action.pending || malformed.length > 0 || handles.length === 0}
          >
            {action.pending ? 'Creating…' : 'Create'}
          </button>
        </div>
      </form>
    </Modal>
  );
}
