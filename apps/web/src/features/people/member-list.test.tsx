// @vitest-environment happy-dom
import { afterEach, expect, test } from 'vitest';
import type { Conversation, Member, WaitingChange } from '@quicprochat/sdk';
import { render, type Rendered } from '../../../test/render.ts';
import type { KeyStanding } from '../security/key-standing.ts';
import { MemberList } from './member-list.tsx';

const MEMBERS = [
  { handle: 'alice', deviceId: '1', own: true },
  { handle: 'bob', deviceId: '2', own: false },
  { handle: 'carol', deviceId: '3', own: false },
] as Member[];

const unknown = () => undefined;

let shown: Rendered | undefined;
afterEach(() => shown?.unmount());

test('a person whose removal waits cannot be removed a second time', async () => {
  const waiting: WaitingChange[] = [{ id: 'a', kind: 'remove', handles: ['bob'], state: 'queued' }];
  const conversation = { waiting } as unknown as Conversation;
  shown = await render(
    <MemberList conversation={conversation} members={MEMBERS} standingOf={unknown} removable />,
  );
  const buttons = [...shown.element.querySelectorAll('button')];
  expect(buttons.map((button) => [button.getAttribute('aria-label'), button.disabled])).toEqual([
    ['Removing bob', true],
    ['Remove carol', false],
  ]);
});

test('a person is marked as verified, or if there is something wrong with their key', async () => {
  const conversation = { waiting: [] } as unknown as Conversation;
  const people = ['bob', 'carol', 'dave', 'eve'].map((handle) => ({ handle, deviceId: handle, own: false }));
  const standings: Record<string, KeyStanding> = {
    ...{ alice: 'verified', bob: 'verified', carol: 'unverified', dave: 'changed', eve: 'rejected' },
  };
  shown = await render(
    <MemberList
      conversation={conversation}
      members={[MEMBERS[0]!, ...people]}
      standingOf={(handle) => standings[handle]}
      removable={false}
    />,
  );
  const rows = [...shown.element.querySelectorAll('li')].map((row) =>
    row.lastElementChild?.textContent.trim(),
  );
  expect(rows).toEqual(['you', 'verified', 'carol', 'key changed', 'key rejected']);
});
