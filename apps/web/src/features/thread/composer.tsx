'use client';

import { useEffect, useId, useRef, useState, type KeyboardEvent } from 'react';
import { QuicprochatError, type Conversation } from '@quicprochat/sdk';
import { Failure } from '../../parts/failure.tsx';
import { Icon } from '../../parts/icon.tsx';
import { belongsToInputMethod } from '../../parts/input-method.ts';
import { changesOf } from '../../parts/changes/changes.ts';
import { AttachmentNotice } from './attachment-notice.tsx';
import { sendsOf } from './sends.ts';
import { useDraft } from './use-draft.ts';
import { useRefusedFiles } from './use-refused-files.ts';
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
  'STORE_VERSION',
]);

/** The notice above the composer tells a key that has changed from one that was rejected. The error does not. */
const SENTENCES = { IDENTITY_CHANGED: 'Not sent. The notice above says why, and what to do.' };

interface ComposerProps {
  conversation: Conversation;
  /** The draft as the store has it. */
  storedDraft: string;
}

/** The text box. Enter sends, Shift and Enter begin a new line. What is not sent is kept as a draft. */
export function Composer({ conversation, storedDraft }: ComposerProps) {
  const [error, setError] = useState<unknown>();
  const input = useRef<HTMLTextAreaElement>(null);
  const inputId = useId();
  const { draft, text } = useDraft(conversation, storedDraft, input);
  const { refused, forget } = useRefusedFiles();

  useEffect(() => {
    // On a touch screen the keyboard would jump up and cover what one came to read.
    if (matchMedia('(pointer: fine)').matches) input.current?.focus();
  }, []);

  const send = () => {
    if (text.trim() === '') return;
    draft.write('');
    draft.flush();
    setError(undefined);
    forget();
    changesOf(conversation).forgetCancelled();
    // Not awaited for the next one: without a connection it resolves when there is one again.
    sendsOf(conversation)
      .send(text)
      .catch((reason: unknown) => {
        const code = reason instanceof QuicprochatError ? reason.code : undefined;
        const isKept = reason instanceof QuicprochatError && reason.details['queued'] === true;
        // Told beside the message, where "Cancel" was pressed.
        if (code === 'TOO_LATE_TO_CANCEL') return;
        setError(reason);
        if (code !== undefined && NOT_KEPT.has(code) && !isKept && draft.text() === '') draft.write(text);
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
      <Failure error={error} sentences={SENTENCES} />
      <AttachmentNotice refused={refused} onClose={forget} />
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
          onBlur={draft.flush}
          onChange={(event) => {
            draft.write(event.target.value);
            forget();
          }}
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

function isSend({ key, shiftKey, nativeEvent }: KeyboardEvent): boolean {
  return key === 'Enter' && !shiftKey && !belongsToInputMethod(nativeEvent);
}
