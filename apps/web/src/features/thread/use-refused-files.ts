import { useCallback, useEffect, useState } from 'react';

/**
 * Counts how often a person dropped or pasted files, which cannot be sent yet; `forget` starts from none. Anywhere in the
 * window counts, because people aim at the conversation and not at the text box.
 */
export function useRefusedFiles(): { refused: number; forget: () => void } {
  const [refused, setRefused] = useState(0);

  useEffect(() => {
    const refuse = ({ dataTransfer }: DragEvent) => {
      if ((dataTransfer?.files.length ?? 0) > 0) setRefused((count) => count + 1);
    };
    const refusePasted = ({ clipboardData }: ClipboardEvent) => {
      if (clipboardData === null || clipboardData.files.length === 0) return;
      // Office programs add a picture of the text that they copy; the text is what is meant.
      const isText = ['text/plain', 'text/html'].every((type) => clipboardData.types.includes(type));
      if (!isText) setRefused((count) => count + 1);
    };
    addEventListener('drop', refuse);
    addEventListener('paste', refusePasted);
    return () => {
      removeEventListener('drop', refuse);
      removeEventListener('paste', refusePasted);
    };
  }, []);

  return { refused, forget: useCallback(() => setRefused(0), []) };
}
