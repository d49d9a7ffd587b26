// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest';
import { ClientProvider } from '@quicprochat/react';
import { FakeClient } from '../../../test/fake-client.ts';
import { render, type Rendered } from '../../../test/render.ts';
import { NewConversation } from './new-conversation.tsx';

let shown: Rendered | undefined;
afterEach(async () => {
  await shown?.unmount();
  shown = undefined;
});

async function creating() {
  const signals: (AbortSignal | undefined)[] = [];
  const client = Object.assign(new FakeClient(), {
    conversations: {
      list: () => [],
      // As without a connection: it waits.
      create: ({ signal }: { signal?: AbortSignal }) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
    },
  });
  const rendered = (shown = await render(
    <ClientProvider client={client.real}>
      <NewConversation onClose={() => void rendered.unmount()} />
    </ClientProvider>,
  ));
  const people = rendered.element.querySelector('textarea, input:not([maxlength])')!;
  await rendered.act(() => {
    const { prototype } = people.tagName === 'TEXTAREA' ? HTMLTextAreaElement : HTMLInputElement;
    Reflect.set(prototype, 'value', 'bob', people);
    people.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await rendered.act(() => rendered.element.querySelector('form')?.requestSubmit());
  return { rendered, signals };
}

test('closing the dialog cancels a conversation that waits to be created', async () => {
  const { rendered, signals } = await creating();
  expect(signals.map((signal) => signal?.aborted)).toEqual([false]);
  const cancel = [...rendered.element.querySelectorAll('button')].find(
    ({ textContent }) => textContent === 'Cancel',
  );
  cancel?.click();
  await new Promise((resolve) => setTimeout(resolve));
  shown = undefined;
  expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
});
