// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest';
import type { Conversation, Member, WaitingChange } from '@quicprochat/sdk';
import { render, type Rendered } from '../../../test/render.ts';
import { MemberList } from './member-list.tsx';

const MEMBERS = [
  { handle: 'alice', deviceId: '1', own: true },
  { handle: 'bob', deviceId: '2', own: false },
  { handle: 'carol', deviceId: '3', own: false },
] as Member[];

let shown: Rendered | undefined;
afterEach(() => shown?.unmount());

test('a person whose removal waits cannot be removed a second time', async () => {
  const waiting: WaitingChange[] = [{ id: 'a', kind: 'remove', handles: ['bob'], state: 'queued' }];
  const conversation = { waiting } as unknown as Conversation;
  shown = await render(<MemberList conversation={conversation} members={MEMBERS} removable />);
  const buttons = [...shown.element.querySelectorAll('button')];
  expect(buttons.map((button) => [button.getAttribute('aria-label'), button.disabled])).toEqual([
    ['Removing bob', true],
    ['Remove carol', false],
  ]);
});
