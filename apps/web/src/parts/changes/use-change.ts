import { useRef, useSyncExternalStore } from 'react';
import { useAction } from '@quicprochat/react';
import type { Conversation } from '@quicprochat/sdk';
import { useSettledConnection } from '../use-settled-connection.ts';
import { isAbort } from '../../words/failures.ts';
import { changesOf } from './changes.ts';
import type { Asked } from '../../words/changes.ts';

interface Planned<Args extends unknown[]> {
  asked: (...args: Args) => Asked;
  work: (options: { signal: AbortSignal }, ...args: Args) => Promise<unknown>;
}

/** What became of a change. After `cancelled` nothing was changed; `error` tells why it failed. */
export type Outcome = 'done' | 'cancelled' | 'failed';

/** `useAction` for a change of a conversation, which can wait for the relay and be cancelled. */
export function useChange<Args extends unknown[]>(
  conversation: Conversation,
  { asked, work }: Planned<Args>,
) {
  const changes = changesOf(conversation);
  useSyncExternalStore(changes.subscribe, changes.list, changes.list);
  const isOnline = useSettledConnection() === 'online';
  const running = useRef<() => void>(undefined);
  const outcome = useRef<Outcome>('done');
  const action = useAction(async (...args: Args) => {
    outcome.current = 'done';
    const { done, cancel } = changes.start(asked(...args), (options) => work(options, ...args));
    running.current = cancel;
    await done.catch((error: unknown) => {
      if (!isAbort(error)) throw error;
      outcome.current = 'cancelled';
    });
  });
  return {
    run: async (...args: Args): Promise<Outcome> =>
      (await action.run(...args)) ? outcome.current : 'failed',
    cancel: () => running.current?.(),
    pending: action.pending,
    /** Whether it can go on only when there is a connection again. */
    isWaiting: action.pending && !isOnline,
    error: changes.shows(action.error) ? undefined : action.error,
  };
}
