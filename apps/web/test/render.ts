import { act, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

export interface Rendered {
  readonly element: HTMLElement;
  /** Does something and lets React finish what follows from it. */
  act: (work: () => unknown) => Promise<void>;
  show: (node: ReactNode) => Promise<void>;
  unmount: () => Promise<void>;
}

/** Puts a component into the document, which is happy-dom's. */
export async function render(node: ReactNode): Promise<Rendered> {
  const element = document.createElement('div');
  document.body.append(element);
  const root = createRoot(element);
  const settle = async (work: () => unknown) => {
    await act(async () => {
      await work();
    });
  };
  await settle(() => root.render(node));
  return {
    element,
    act: settle,
    show: (next) => settle(() => root.render(next)),
    unmount: async () => {
      await settle(() => root.unmount());
      element.remove();
    },
  };
}
