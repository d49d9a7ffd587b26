import { act, createElement, StrictMode, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { ClientProvider } from '../src/index.ts';
import type { FakeClient } from './fake-client.ts';

(globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }).IS_REACT_ACT_ENVIRONMENT = true;

export interface Rendered<T> {
  /** What the hook gave in its last rendering. */
  readonly current: T;
  readonly renders: number;
  /** Does something and lets React finish what follows from it. */
  act: (work: () => unknown) => Promise<void>;
  unmount: () => Promise<void>;
}

/** Renders a component that does nothing but call a hook. Strict, so that effects run twice as in development. */
export async function renderHook<T>(client: FakeClient, hook: () => T): Promise<Rendered<T>> {
  const seen: T[] = [];
  function Probe(): ReactNode {
    seen.push(hook());
    return null;
  }
  const root = createRoot(document.createElement('div'));
  const settle = async (work: () => unknown) => {
    await act(async () => {
      await work();
    });
  };
  const provider = createElement(ClientProvider, { client: client.real, children: createElement(Probe) });
  await settle(() => root.render(createElement(StrictMode, undefined, provider)));
  return {
    get current() {
      return seen.at(-1) as T;
    },
    get renders() {
      return seen.length;
    },
    act: settle,
    unmount: () => settle(() => root.unmount()),
  };
}
