'use client';

import { memo } from 'react';
import { useAction } from '@quicprochat/react';
import type { Conversation, Message } from '@quicprochat/sdk';
import { Failure } from '../../parts/failure.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Markup } from './markup/markup.tsx';
import { sendsOf, type Cancel } from './sends.ts';
import styles from './bubble.module.css';

interface BubbleProps {
  message: Message;
  /** Whether to tell that it was sent; what is still waiting or failed is told always. */
  showSent: boolean;
  /** Cancels it; undefined unless it waits and nothing of it was sent. */
  cancel: Cancel | undefined;
  conversation: Conversation;
}

/** One message. */
export const Bubble = memo(function Bubble({ message, showSent, cancel, conversation }: BubbleProps) {
  const { content, own, state } = message;
  if (content.type !== 'text') return null;
  return (
    <div className={styles.bubble} data-own={own} data-state={state} data-position={message.position}>
      <div className={styles.text}>
        <Markup text={content.text} />
      </div>
      {state === 'queued' ? <Waiting cancel={cancel} /> : null}
      {state === 'sent' && showSent ? (
        <p className={styles.state}>
          <Icon name="check" size={14} /> Sent
        </p>
      ) : null}
      {state === 'failed' ? <Unsent text={content.text} conversation={conversation} /> : null}
    </div>
  );
});

/** A message that the relay does not have yet. */
function Waiting({ cancel }: { cancel: Cancel | undefined }) {
  const cancelling = useAction(async () => cancel?.());
  return (
    <>
      <p className={styles.state}>
        <Icon name="clock" size={14} /> Waiting to be sent
        {cancel === undefined ? null : (
          <button
            type="button"
            onClick={(event) => {
              // The button goes away: without this the focus would go back to the top of the page.
              event.currentTarget.closest<HTMLElement>('[role="log"]')?.focus({ preventScroll: true });
              void cancelling.run();
            }}
            disabled={cancelling.pending}
          >
            Cancel
          </button>
        )}
      </p>
      <Failure error={cancelling.error} />
    </>
  );
}

/** A message that will not go out by itself any more. Sending it again makes a new one. */
function Unsent({ text, conversation }: { text: string; conversation: Conversation }) {
  const again = useAction(() => sendsOf(conversation).send(text));
  return (
    <>
      <p className={styles.state}>
        <Icon name="alert" size={14} /> Not sent
        <button type="button" onClick={() => void again.run()} disabled={again.pending}>
          Send again
        </button>
      </p>
      <Failure error={again.error} />
    </>
  );
}
