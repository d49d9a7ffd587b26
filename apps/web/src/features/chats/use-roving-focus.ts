import { useState, type FocusEvent, type KeyboardEvent } from 'react';

const STEPS: Record<string, (index: number, count: number) => number> = {
  ArrowDown: (index, count) => Math.min(index + 1, count - 1),
  ArrowUp: (index) => Math.max(index - 1, 0),
  Home: () => 0,
  End: (_index, count) => count - 1,
};

/**
 * One stop for Tab in a list, with the arrow keys going on from there (WAI-ARIA "roving tabindex"). Give the list's
 * element the handlers, and each link `tabIndexOf` of its id.
 */
export function useRovingFocus(ids: readonly string[], start: string) {
  const [last, setLast] = useState('');
  const stop = [last, start].find((id) => ids.includes(id)) ?? ids[0];
  return {
    tabIndexOf: (id: string) => (id === stop ? 0 : -1),
    onFocus: (event: FocusEvent<HTMLElement>) => {
      const id = event.target.closest<HTMLElement>('[data-roving]')?.dataset['roving'];
      if (id !== undefined) setLast(id);
    },
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => {
      const step = STEPS[event.key];
      if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      const links = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-roving]')];
      const index = links.findIndex((link) => link === document.activeElement);
      event.preventDefault();
      links[step(index, links.length)]?.focus();
    },
  };
}
