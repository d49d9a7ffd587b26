'use client';

import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { QuicprochatError, type Conversation } from '@quicprochat/sdk';
import { Failure } from '../../parts/failure.tsx';
import { Icon } from '../../parts/icon.tsx';
import { draftOf, keepDraft } from './drafts.ts';
import styles from './composer.module.css';

/** Refusals that come before a message is kept: the text would be lost if it were not put back. */
const NOT_KEPT = new Set<QuicprochatError['code']>([
  'CLOSED',
  'CONVERSATION_ENDED',
  'CONVERSATION_STUCK',
  'IDENTITY_CHANGED',
  'INVALID_ARGUMENT',
  'MESSAGE_TOO_LARGE',
  'STORE_CONTENTION',
  'STORE_UNAVAILABLE',
]);

/** Where one writes. Enter sends, Shift and Enter begin a new line. */
export function Composer({ conversation }: { conversation: Conversation }) {
  const [text, setText] = useState(() => draftOf(conversation.id));
  const [error, setError] = useState<unknown>();
  const input = useRef<HTMLTextAreaElement>(null);
  const inputId = useId();

  useEffect(() => keepDraft(conversation.id, text), [conversation, text]);
  useEffect(() => {
    // On a touch screen the keyboard would jump up and cover what one came to read.
    if (matchMedia('(pointer: fine)').matches) input.current?.focus();
  }, []);

  const send = () => {
    if (text.trim() === '') return;
    setText('');
    setError(undefined);
    // Not awaited for the next one: without a connection it resolves when there is one again.
    conversation.send(text).catch((reason: unknown) => {
      setError(reason);
      if (reason instanceof QuicprochatError && NOT_KEPT.has(reason.code)) setText((typed) => typed || text);
    });
  };

  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        send();
        input.current?.focus();
      }}
    >
      <Failure error={error} />
      <div className={styles.row}>
        <label htmlFor={inputId} className="screen-reader">
          Message
        </label>
        <textarea
          ref={input}
          id={inputId}
          rows={1}
          dir="auto"
          value={text}
          placeholder="Message"
          enterKeyHint="send"
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (!isSend(event)) return;
            event.preventDefault();
            send();
          }}
        />
        <button type="submit" className="button primary icon" aria-label="Send" disabled={text.trim() === ''}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}

/** Enter that ends the choice of a character (Chinese, Japanese, Korean input) belongs to the input method. */
function isSend({ key, shiftKey, nativeEvent }: KeyboardEvent): boolean {
  return key === 'Enter' && !shiftKey && !nativeEvent.isComposing;
}
