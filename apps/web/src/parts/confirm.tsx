'use client';

import { useAction } from '@quicprochat/react';
import { Failure } from './failure.tsx';
import { Modal } from './modal.tsx';
import styles from './confirm.module.css';

interface ConfirmProps {
  title: string;
  /** What it means, in a sentence or two. */
  text: string;
  /** What the button says. */
  verb: string;
  work: () => Promise<unknown>;
  onClose: () => void;
}

/** Asks before something that cannot be taken back, does it, and stays open with the reason where it fails. */
export function Confirm({ title, text, verb, work, onClose }: ConfirmProps) {
  const action = useAction(work);
  return (
    <Modal title={title} onClose={onClose}>
      <p>{text}</p>
      <Failure error={action.error} />
      <div className={styles.buttons}>
        <button type="button" className="button" onClick={onClose}>
          Cancel
        </button>
        <button
          type="button"
          className="button danger"
          disabled={action.pending}
          onClick={() => void action.run().then((done) => done && onClose())}
        >
          {verb}
        </button>
      </div>
    </Modal>
  );
}
