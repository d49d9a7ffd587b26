/** Whether a person can see the page's content: it is in front, and no dialog covers it. */
export function isPageInSight(): boolean {
  return document.visibilityState === 'visible' && document.querySelector('dialog:modal') === null;
}

/** Calls back when the page may have come into sight, or gone out of it. Returns how to stop it. */
export function onSightChange(listener: () => void): () => void {
  document.addEventListener('visibilitychange', listener);
  // A dialog that closes gives the focus back.
  document.addEventListener('focusin', listener);
  return () => {
    document.removeEventListener('visibilitychange', listener);
    document.removeEventListener('focusin', listener);
  };
}

/** The elements of the log that stand for one message each, from top to bottom. */
export function messageElements(log: HTMLElement): HTMLElement[] {
  return [...log.querySelectorAll<HTMLElement>('[data-position]')];
}

export function positionOf(element: HTMLElement): number {
  return Number(element.dataset['position']);
}

/** Positions of the messages whose end is inside of the log's visible part: of a long one, the end has to be reached. */
export function positionsInView(log: HTMLElement): number[] {
  const view = log.getBoundingClientRect();
  return messageElements(log)
    .filter((element) => {
      const { bottom } = element.getBoundingClientRect();
      // One pixel more, because the sizes of lines are fractions.
      return bottom > view.top && bottom <= view.bottom + 1;
    })
    .map(positionOf);
}
