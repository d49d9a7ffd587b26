'use client';

import { useId, useLayoutEffect, useRef, type ReactNode } from 'react';
import { Icon } from './icon.tsx';
import { belongsToInputMethod } from './input-method.ts';
import { useMediaQuery } from './use-media-query.ts';
import styles from './sheet.module.css';

interface SheetProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
}

/**
 * Details at the side of a conversation. Where there is room it stands beside it and both can be used; where there is
 * not, it covers everything, and the browser keeps the focus inside. Escape closes it, and the focus goes back to the
 * button that opened it: `<dialog>` does both.
 */
export function Sheet({ title, onClose, children }: SheetProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const titleId = useId();
  const beside = useMediaQuery('(min-width: 68rem)');

  // Closed before it is taken out of the page: only then does the browser give the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element === null) return;
    if (beside) element.show();
    else element.showModal();
    heading.current?.focus();
    return () => element.close();
  }, [beside]);

  return (
    <dialog
      ref={dialog}
      className={styles.sheet}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => {
        // A dialog that is not modal hears no `cancel`.
        if (event.key !== 'Escape' || event.defaultPrevented) return;
        if (belongsToInputMethod(event.nativeEvent)) return;
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        // Only the backdrop is the dialog itself; everything else is inside of `body`.
        if (event.target === dialog.current) onClose();
      }}
    >
      <div className={styles.frame}>
        <header className={styles.header}>
          <h2 id={titleId} ref={heading} tabIndex={-1}>
            {title}
          </h2>
          <button type="button" className="button icon" onClick={onClose} aria-label={`Close ${title}`}>
            <Icon name="close" />
          </button>
        </header>
        <div className={styles.body}>{children}</div>
      </div>
    </dialog>
  );
}
