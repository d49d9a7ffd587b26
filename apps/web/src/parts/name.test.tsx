// @vitest-environment happy-dom
import { afterEach, describe, expect, test } from 'vitest';
import { ClientProvider, type ConversationSnapshot } from '@quicprochat/react';
import type { Content, Member, Message } from '@quicprochat/sdk';
import { FakeClient } from '../../test/fake-client.ts';
import { render, type Rendered } from '../../test/render.ts';
import { ConversationHeader } from '../features/thread/conversation-header.tsx';
import { describe as sentenceOf, previewOf, type Notice } from '../words/describe.ts';
import { MessageGroup } from '../features/thread/message-group.tsx';
import { ConversationItem } from '../features/chats/conversation-item.tsx';
import { HandlesField } from '../features/people/handles-field.tsx';
import { MemberList } from '../features/people/member-list.tsx';
import { PeoplePanel } from '../features/people/people-panel.tsx';
import { initialsOf } from './avatar.tsx';
import { Name } from './name.tsx';

/** Names that a hostile member could bring, and what is shown of them. */
const NAMES = [
  ['bob\u200b', 'bob[U+200B]'],
  ['\u202enimda', '[U+202E]nimda'],
  ['bob\nalice', 'bob[U+000A]alice'],
  ['\u2069\u2066eve', '[U+2069][U+2066]eve'],
] as const;

const RAW = /[\n\u200b\u202a-\u202e\u2066\u2067]/;

let shown: Rendered | undefined;
afterEach(() => shown?.unmount());

describe.each(NAMES)('the name %j', (name, visibleName) => {
  const member = { handle: name, own: false, deviceId: 'd' } as unknown as Member;
  const snapshot = {
    conversation: { waiting: [] },
    id: 'c',
    name,
    state: 'active',
    unread: 0,
    members: [member],
    lastMessage: message(name, { type: 'text', text: 'hello' }),
  } as unknown as ConversationSnapshot;

  test.each([
    ['a name', <Name key="n" of={name} />],
    ['the list', <ConversationItem key="i" snapshot={snapshot} current={false} tabIndex={0} nowMs={0} />],
    [
      'the header',
      <ConversationHeader key="h" snapshot={snapshot} panel={undefined} onToggle={() => undefined} />,
    ],
    [
      'the sender of a message',
      <MessageGroup
        key="g"
        group={groupOf(name)}
        lastSent={undefined}
        queued={new Set()}
        conversation={snapshot.conversation}
      />,
    ],
    [
      'the list of members',
      <MemberList
        key="m"
        conversation={snapshot.conversation}
        members={[member]}
        standingOf={() => undefined}
        removable
      />,
    ],
    [
      'the field for handles',
      <HandlesField key="f" value="" malformed={[name]} onChange={() => undefined} />,
    ],
  ])('is written out in %s, and isolated', async (_place, node) => {
    shown = await render(node);
    const { element } = shown;
    expect(element.textContent).toContain(visibleName);
    expectHarmless(element);
  });

  test('is written out in the dialogs that ask before a removal and before leaving', async () => {
    shown = await render(
      <ClientProvider client={new FakeClient().real}>
        <PeoplePanel snapshot={snapshot} onClose={() => undefined} />
      </ClientProvider>,
    );
    const { element, act } = shown;
    await act(() => buttonOf(element, 'Remove').click());
    await act(() => buttonOf(element, 'Leave the conversation').click());
    const titles = [...element.querySelectorAll('h2')].map(({ textContent }) => textContent);
    expect(titles).toEqual(['People', `Remove ${visibleName}?`, `Leave “${visibleName}”?`]);
    expectHarmless(element);
  });

  test('is written out in system lines and previews', () => {
    expect(sentenceOf(notice('alice', { type: 'renamed', name }), 'carol')).toContain(`“${visibleName}”`);
    expect(sentenceOf(notice(name, { type: 'members-added', handles: [name, 'dan'] }), 'carol')).toBe(
      `${visibleName} added ${visibleName} and dan`,
    );
    expect(previewOf(snapshot)).toBe(`${visibleName}: hello`);
  });
});

test('a name written from right to left leaves the sentence around it in order', () => {
  expect(sentenceOf(notice('alice', { type: 'renamed', name: 'שלום' }), 'carol')).toBe(
    'alice named the conversation “\u2068שלום\u2069”',
  );
});

test('the preview of a long message is short, on one line, and keeps its order to itself', () => {
  const text = `${'שלום\n'.repeat(10_000)}\u202e`;
  const preview = previewOf({
    state: 'active',
    members: [],
    lastMessage: message('bob', { type: 'text', text }),
  } as unknown as ConversationSnapshot);
  expect(preview).toMatch(/^bob: \u2068שלום /);
  expect(preview).not.toContain('\n');
  expect(preview.length).toBeLessThan(250);
});

test('initials are made of what can be seen', () => {
  expect(initialsOf('\u202e\u200bbob')).toBe('B');
});

function message(from: string, content: Content): Message {
  return {
    from,
    own: false,
    position: 1,
    sentAtMs: 0,
    receivedAtMs: 0,
    state: 'received',
    content,
  } as unknown as Message;
}

function groupOf(from: string) {
  const timed = { message: message(from, { type: 'text', text: 'hello' }), atMs: 0 };
  return { kind: 'group' as const, key: 'k', from, own: false, messages: [timed] };
}

function buttonOf(element: HTMLElement, text: string): HTMLButtonElement {
  const found = [...element.querySelectorAll('button')].find(({ textContent }) => textContent === text);
  if (found === undefined) throw new Error(`there is no button “${text}”`);
  return found;
}

/** Neither texts nor labels hold a character that hides or reorders anything. */
function expectHarmless(element: HTMLElement): void {
  expect(element.textContent).not.toMatch(RAW);
  for (const part of element.querySelectorAll('*')) {
    for (const label of ['aria-label', 'title', 'placeholder'])
      expect(part.getAttribute(label) ?? '').not.toMatch(RAW);
  }
}

function notice(from: string, content: Notice['content']): Notice {
  return { from, own: false, content };
}
