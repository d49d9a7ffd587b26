import { useEffect } from 'react';

/**
 * Keeps the browser from opening what is dropped on the page: it would replace the page by a file or a foreign site. Text
 * can still be dropped into a text box.
 */
export function useGuardedDrops(): void {
  useEffect(() => {
    addEventListener('dragover', guard);
    addEventListener('drop', guard);
    return () => {
      removeEventListener('dragover', guard);
      removeEventListener('drop', guard);
    };
  }, []);
}

function guard(event: DragEvent): void {
  const transfer = event.dataTransfer;
  const hasFiles = transfer?.types.includes('Files') === true;
  if (!hasFiles && isTextBox(event.target)) return;
  event.preventDefault();
  // Files may be let go anywhere: the composer then says that they cannot be sent. Nothing else has a place here.
  if (transfer !== null && !hasFiles) transfer.dropEffect = 'none';
}

function isTextBox(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, textarea') !== null;
}
