// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test } from 'vitest';
import { QuicprochatError, type Conversation, type Message, type SentMessage } from '@quicprochat/sdk';
import { render, type Rendered } from '../../../test/render.ts';
import { settledByHand, type SettledByHand } from '../../../test/settled-by-hand.ts';
import { Composer } from './composer.tsx';
import type { Line } from './lines.ts';
import { MessageGroup } from './message-group.tsx';
import { sendsOf } from './sends.ts';

/** As the SDK does: a call names its message only at its end, and the message's time is that of the call. */
class FakeOutbox {
  readonly id = 'c';
  readonly draft = '';
  readonly waiting: { message: Message; signal: AbortSignal; settle: SettledByHand<SentMessage> }[] = [];
  readonly setDraft = async () => undefined;

  get real(): Conversation {
    return this as unknown as Conversation;
  }

  send = (text: string, { signal }: { signal: AbortSignal }): Promise<SentMessage> => {
    const settle = settledByHand<SentMessage>();
    const position = this.waiting.length + 1;
    this.waiting.push({ message: ownMessage(position, text), signal, settle });
    return settle.promise;
  };
}

function ownMessage(position: number, text: string, atMs = Date.now()): Message {
  const times = { sentAtMs: atMs, receivedAtMs: atMs };
  const content = { type: 'text', text } as const;
  return {
    id: `m${position}`,
    conversationId: 'c',
    position,
    from: 'alice',
    own: true,
    epoch: 1,
    ...times,
    state: 'queued',
    content,
  };
}

let outbox: FakeOutbox;
let shown: Rendered;
beforeEach(() => {
  outbox = new FakeOutbox();
});
afterEach(() => shown.unmount());

async function show(messages: readonly Message[], queued = messages.map(({ id }) => id)) {
  const timed = messages.map((message) => ({ message, atMs: message.sentAtMs }));
  const group: Line = { kind: 'group', key: 'g', from: 'alice', own: true, messages: timed };
  shown = await render(
    <>
      <MessageGroup group={group} lastSent={undefined} queued={new Set(queued)} conversation={outbox.real} />
      <Composer conversation={outbox.real} storedDraft="" />
    </>,
  );
}

function cancelButtons(): HTMLButtonElement[] {
  return [...shown.element.querySelectorAll('button')].filter(({ textContent }) => textContent === 'Cancel');
}

/** Sends each text, and gives the lines that the history shows of them. */
function sendAll(...texts: string[]): Message[] {
  // What becomes of the calls is the composer's to tell.
  for (const text of texts)
    void sendsOf(outbox.real)
      .send(text)
      .catch(() => undefined);
  return outbox.waiting.map(({ message }) => message);
}

test('cancels exactly the message beside which "Cancel" is pressed', async () => {
  await show(sendAll('one', 'two', 'three'));
  expect(cancelButtons()).toHaveLength(3);
  await shown.act(() => cancelButtons()[1]?.click());
  expect(outbox.waiting.map(({ signal }) => signal.aborted)).toEqual([false, true, false]);
  await shown.act(() => outbox.waiting[1]?.settle.reject(new DOMException('aborted', 'AbortError')));
  expect(shown.element.querySelector('[role="alert"] p')).toBeNull();
});

test('offers no "Cancel" for a message that is being sent', async () => {
  await show(sendAll('one', 'two'), ['m2']);
  expect(cancelButtons()).toHaveLength(1);
  await shown.act(() => cancelButtons()[0]?.click());
  expect(outbox.waiting.map(({ signal }) => signal.aborted)).toEqual([false, true]);
});

test('offers no "Cancel" for a message that another page sent, even with the same text', async () => {
  sendAll('one');
  await show([ownMessage(7, 'one', Date.now() - 60_000), ownMessage(8, 'other')]);
  expect(shown.element.textContent).toContain('Waiting to be sent');
  expect(cancelButtons()).toHaveLength(0);
});

test('says once, beside the message, that it was too late', async () => {
  await show([]);
  const box = shown.element.querySelector('textarea')!;
  await shown.act(() => {
    Reflect.set(HTMLTextAreaElement.prototype, 'value', 'tea?', box);
    box.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await shown.act(() => shown.element.querySelector('form')?.requestSubmit());
  const messages = outbox.waiting.map(({ message }) => message);
  const composer = shown;
  await show(messages);
  await shown.act(() => cancelButtons()[0]?.click());
  await shown.act(() => outbox.waiting[0]?.settle.reject(new QuicprochatError('TOO_LATE_TO_CANCEL', 'late')));
  expect(shown.element.textContent).toContain('It was too late to cancel');
  expect(composer.element.textContent).not.toContain('too late');
  await composer.unmount();
});

test('a message that was cancelled is no error for the composer', async () => {
  const done = sendsOf(outbox.real).send('one');
  await show(outbox.waiting.map(({ message }) => message));
  await shown.act(() => cancelButtons()[0]?.click());
  await shown.act(() => outbox.waiting[0]?.settle.reject(new DOMException('aborted', 'AbortError')));
  expect(await done).toBeUndefined();
});
