'use client';

import { useEffect } from 'react';
import type { Conversation } from '@quicprochat/sdk';
import { Failure } from '../failure.tsx';
import { Modal } from '../modal.tsx';
import { useChange } from './use-change.ts';
import type { Asked } from '../../words/changes.ts';
import styles from './confirm.module.css';

interface ConfirmProps {
  conversation: Conversation;
  title: string;
  /** What it means, in a sentence or two. */
  text: string;
  /** What the button says. */
  verb: string;
  asked: Asked;
  work: (options: { signal: AbortSignal }) => Promise<unknown>;
  onClose: () => void;
}

/**
 * Asks before a change that cannot be taken back, does it, and stays open with the reason if it fails. A change that
 * has to wait for the relay goes on in the list of those, so that the dialog does not hold up everything else.
 */
export function Confirm({ conversation, title, text, verb, asked, work, onClose }: ConfirmProps) {
  const change = useChange(conversation, { asked: () => asked, work });
  const { isWaiting } = change;

  useEffect(() => {
    if (isWaiting) onClose();
  }, [isWaiting, onClose]);

  // Whoever closes the dialog does not want the change any more.
  const dismiss = () => {
    if (change.pending) change.cancel();
    else onClose();
  };
  return (
    <Modal title={title} onClose={dismiss}>
      <p>{text}</p>
      <Failure error={change.error} />
      <div className={styles.buttons}>
        <button type="button" className="button" onClick={dismiss}>
          Cancel
        </button>
        <button
          type="button"
          className="button danger"
          disabled={change.pending}
          onClick={() => void change.run().then((outcome) => outcome !== 'failed' && onClose())}
        >
          {verb}
        </button>
      </div>
    </Modal>
  );
}
