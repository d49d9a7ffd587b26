// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClientProvider } from '@quicprochat/react';
import { QuicprochatError, type Conversation, type Member } from '@quicprochat/sdk';
import { FakeClient } from '../../../test/fake-client.ts';
import { render, type Rendered } from '../../../test/render.ts';
import { settledByHand } from '../../../test/settled-by-hand.ts';
import { Composer } from '../../features/thread/composer.tsx';
import { AddPeople } from '../../features/people/add-people.tsx';
import { MemberList } from '../../features/people/member-list.tsx';
import { WaitingChanges } from './waiting-changes.tsx';

const MEMBERS = [
  { handle: 'alice', deviceId: '1', own: true },
  { handle: 'bob', deviceId: '2', own: false },
] as Member[];

/** A removal that the test settles: `removed` is what the SDK's own promise would do. Any later one waits for ever. */
function fakeConversation() {
  const removed = settledByHand<{ epoch: number }>();
  const signals: AbortSignal[] = [];
  const remove = (_handles: readonly string[], { signal }: { signal: AbortSignal }) => {
    signals.push(signal);
    return signals.length === 1 ? removed.promise : new Promise(() => undefined);
  };
  const said = { draft: '', setDraft: async () => undefined, send: async () => undefined };
  const members = { remove, add: remove };
  const conversation = { waiting: [], members, ...said } as unknown as Conversation;
  return { conversation, removed, signals };
}

let shown: Rendered | undefined;
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(async () => {
  await shown?.unmount();
  vi.useRealTimers();
});

async function show(client: FakeClient, conversation: Conversation) {
  const rendered = await render(
    <ClientProvider client={client.real}>
      <WaitingChanges conversation={conversation} />
      <MemberList conversation={conversation} members={MEMBERS} standingOf={() => undefined} removable />
      <AddPeople conversation={conversation} />
      <Composer conversation={conversation} storedDraft="" />
    </ClientProvider>,
  );
  shown = rendered;
  const { element, act } = rendered;
  const press = (label: string, inside: Element = element) =>
    act(() => {
      const buttons = [...inside.querySelectorAll('button')];
      const button = buttons.findLast((one) => (one.getAttribute('aria-label') ?? one.textContent) === label);
      if (button === undefined) throw new Error(`There is no button “${label}”.`);
      button.click();
    });
  const dialog = () => element.querySelector('dialog');
  const status = () => element.querySelector('[role="status"]')!;
  const removeBob = async () => {
    await press('Remove bob');
    await press('Remove', dialog()!);
  };
  const say = (text: string) =>
    act(() => {
      const box = element.querySelector('textarea')!;
      Reflect.set(HTMLTextAreaElement.prototype, 'value', text, box);
      box.dispatchEvent(new Event('input', { bubbles: true }));
      box.form?.requestSubmit();
    });
  return { rendered, press, dialog, status, removeBob, say };
}

const abortError = () => new DOMException('aborted', 'AbortError');

describe('a removal without a connection', () => {
  const offline = () => Object.assign(new FakeClient(), { connection: 'offline' as const });

  it('says that it waits, without holding up the page', async () => {
    const { conversation, signals } = fakeConversation();
    const { status, dialog, removeBob } = await show(offline(), conversation);
    await removeBob();
    expect(dialog()).toBeNull();
    expect(status().textContent).toContain(
      'Waiting for the relay: bob will be removed when the connection is back.',
    );
    expect(signals).toHaveLength(1);
    expect(signals[0]?.aborted).toBe(false);
  });

  it('can be cancelled, and says so', async () => {
    const { conversation, removed, signals } = fakeConversation();
    const { rendered, press, status, removeBob } = await show(offline(), conversation);
    await removeBob();
    await press('Cancel', status());
    expect(signals[0]?.aborted).toBe(true);
    expect(status().textContent).toContain('Cancelling…');
    await rendered.act(() => removed.reject(abortError()));
    expect(status().textContent).toContain('Cancelled: bob was not removed.');
    await press('Dismiss', status());
    expect(status().textContent).toBe('');
  });

  it.each<[string, (page: Awaited<ReturnType<typeof show>>) => Promise<void>]>([
    ['another change is asked for', ({ removeBob }) => removeBob()],
    ['a message is sent', ({ say }) => say('on we go')],
  ])('is no news any more once it was cancelled and %s', async (_case, next) => {
    const { conversation, removed } = fakeConversation();
    const page = await show(offline(), conversation);
    await page.removeBob();
    await page.press('Cancel', page.status());
    await page.rendered.act(() => removed.reject(abortError()));
    expect(page.status().textContent).toContain('Cancelled: bob was not removed.');
    await next(page);
    expect(page.status().textContent).not.toContain('Cancelled');
  });

  it('tells a failure until somebody has taken note of it, whatever is done meanwhile', async () => {
    const { conversation, removed } = fakeConversation();
    const { rendered, press, status, removeBob, say } = await show(offline(), conversation);
    await removeBob();
    await rendered.act(() => removed.reject(new QuicprochatError('NOT_FOUND', 'Bob is gone.')));
    await say('on we go');
    expect(status().textContent).toContain('Bob is gone.');
    await press('Dismiss', status());
    expect(status().textContent).toBe('');
  });

  it('does not claim that it was cancelled if it was too late for that', async () => {
    const { conversation, removed } = fakeConversation();
    const { rendered, press, status, removeBob } = await show(offline(), conversation);
    await removeBob();
    await press('Cancel', status());
    const code = 'TOO_LATE_TO_CANCEL' as QuicprochatError['code'];
    await rendered.act(() => removed.reject(new QuicprochatError(code, 'late')));
    expect(status().textContent).toContain('too late to cancel');
    expect(status().textContent).not.toContain('was not removed');
  });

  it('goes away when it is done', async () => {
    const { conversation, removed } = fakeConversation();
    const { rendered, status, removeBob } = await show(offline(), conversation);
    await removeBob();
    await rendered.act(() => removed.resolve({ epoch: 2 }));
    expect(status().textContent).toBe('');
  });

  it('is still there after its panel was closed and opened again', async () => {
    const { conversation } = fakeConversation();
    const first = await show(offline(), conversation);
    await first.removeBob();
    await first.rendered.unmount();
    const { status } = await show(offline(), conversation);
    expect(status().textContent).toContain('bob will be removed');
  });

  it('tells a failure where it waited, once', async () => {
    const { conversation, removed } = fakeConversation();
    const { rendered, status, removeBob } = await show(offline(), conversation);
    await removeBob();
    await rendered.act(() =>
      removed.reject(new QuicprochatError('COMMIT_CONTENTION', 'Others were faster.')),
    );
    expect(status().textContent).toContain('Others were faster.');
    expect(rendered.element.textContent.split('Others were faster.')).toHaveLength(2);
  });
});

describe('what was asked for before the page was loaded, or in another tab', () => {
  it('is listed while there is no connection, and what was asked for here is not listed twice', async () => {
    const { conversation } = fakeConversation();
    const waiting = [
      { id: '2', kind: 'add', handles: ['carol', 'dave'], state: 'queued' },
      { id: '3', kind: 'message', state: 'queued' },
      { id: '4', kind: 'rename', state: 'queued' },
    ];
    Object.assign(conversation, { waiting });
    const client = new FakeClient();
    const { rendered, press, dialog, status } = await show(client, conversation);
    expect(status().textContent).toBe('');
    await rendered.act(() => client.change(() => (client.connection = 'offline')));
    await rendered.act(() => vi.advanceTimersByTime(2_000));
    await press('Remove bob');
    // The SDK lists what is asked for here as well.
    waiting.push({ id: '1', kind: 'remove', handles: ['bob'], state: 'queued' });
    await press('Remove', dialog()!);
    const lines = [...status().children].map(({ textContent }) => textContent);
    expect(lines).toEqual([
      'Waiting for the relay: bob will be removed when the connection is back.Cancel',
      'Waiting for the relay: carol and dave will be added when the connection is back.',
      'Waiting for the relay: the conversation will be renamed when the connection is back.',
    ]);
  });
});

describe('a removal with a connection', () => {
  it('is cancelled with its dialog', async () => {
    const { conversation, removed, signals } = fakeConversation();
    const { rendered, press, dialog, status, removeBob } = await show(new FakeClient(), conversation);
    await removeBob();
    await press('Cancel', dialog()!);
    expect(signals[0]?.aborted).toBe(true);
    expect(dialog()).not.toBeNull();
    await rendered.act(() => removed.reject(abortError()));
    expect(dialog()).toBeNull();
    expect(status().textContent).toBe('');
  });

  it('moves to the list when the connection is lost meanwhile', async () => {
    const client = new FakeClient();
    const { conversation } = fakeConversation();
    const { rendered, dialog, status, removeBob } = await show(client, conversation);
    await removeBob();
    expect(dialog()).not.toBeNull();
    await rendered.act(() => client.change(() => (client.connection = 'offline')));
    await rendered.act(() => vi.advanceTimersByTime(2_000));
    expect(dialog()).toBeNull();
    expect(status().textContent).toContain('bob will be removed');
  });
});
