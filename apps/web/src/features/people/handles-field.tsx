'use client';

import { useId } from 'react';
import { isolated } from '@quicprochat/sdk';
import styles from './handles-field.module.css';

interface HandlesFieldProps {
  value: string;
  /** The pieces of the value that are no handles. */
  malformed: readonly string[];
  onChange: (value: string) => void;
}

/** Asks for people. */
export function HandlesField({ value, malformed, onChange }: HandlesFieldProps) {
  const ids = { input: useId(), hint: useId() };
  const wrong = malformed.length > 0;
  return (
    <div className="field">
      <label htmlFor={ids.input}>People</label>
      <input
        id={ids.input}
        value={value}
        placeholder="alice, bob"
        autoComplete="off"
        autoCapitalize="none"
        autoCorrect="off"
        spellCheck={false}
        aria-invalid={wrong}
        aria-describedby={ids.hint}
        onChange={(event) => onChange(event.target.value)}
      />
      <small id={ids.hint} className={wrong ? styles.wrong : undefined}>
        {wrong
          ? `These are not valid handles: ${malformed.map(isolated).join(', ')}`
          : 'The handles of the people to add, separated by commas or spaces.'}
      </small>
    </div>
  );
}
