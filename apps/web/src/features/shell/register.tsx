'use client';

import { useId, useState } from 'react';
import { handleSchema, LIMITS } from '@quicprochat/protocol';
import { useAction } from '@quicprochat/react';
import { Failure } from '../../parts/failure.tsx';
import { FullPage } from '../../parts/full-page.tsx';
import styles from './register.module.css';

interface RegisterProps {
  relay: string;
  register: (handle: string) => Promise<void>;
}

/** The first run: a handle is all that it takes. */
export function Register({ relay, register }: RegisterProps) {
  const [handle, setHandle] = useState('');
  const action = useAction(register);
  const ids = { handle: useId(), rule: useId() };
  const malformed = handle !== '' && !handleSchema.safeParse(handle).success;

  return (
    <FullPage title="Choose a handle">
      <p className="quiet">
        People use your handle to add you to conversations. Your keys are made on this device and never leave
        it.
      </p>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (!malformed && handle !== '') void action.run(handle);
        }}
      >
        <div className="field">
          <label htmlFor={ids.handle}>Handle</label>
          <input
            id={ids.handle}
            value={handle}
            onChange={(event) => {
              action.clear();
              setHandle(event.target.value.trim().toLowerCase());
            }}
            maxLength={LIMITS.handle.max}
            autoComplete="username"
            autoCapitalize="none"
            autoCorrect="off"
            spellCheck={false}
            autoFocus
            required
            aria-invalid={malformed}
            aria-describedby={ids.rule}
          />
          <small id={ids.rule} className={malformed ? styles.wrong : undefined}>
            1 to 32 characters: a–z, 0–9, “.”, “_” and “-”. Start with a letter or a digit.
          </small>
        </div>
        <p className={styles.lives}>
          <strong>For now, your account lives in this browser only.</strong> If you clear this site’s data,
          the account and its history are lost. Your browser may ask whether it should keep the data: allow
          it.
        </p>
        <Failure error={action.error} />
        <button
          type="submit"
          className="button primary"
          disabled={action.pending || malformed || handle === ''}
        >
          {action.pending ? 'Making your keys…' : 'Create account'}
        </button>
      </form>
      <p className={styles.relay}>
        Relay: <code>{relay}</code>. It forwards your messages and cannot read them.
      </p>
    </FullPage>
  );
}
