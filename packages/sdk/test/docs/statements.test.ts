/** What the docs state of the SDK's own constants and states: a page that says otherwise fails here. */
import { readFileSync } from 'node:fs';
import { LIMITS } from '@quicprochat/protocol';
import { expect, test } from 'vitest';
import { DEFAULT_POLICY } from '../../src/api/client.ts';
import { HYBRID_MEMBERS } from '../../src/api/conversations.ts';
import type { ConversationState } from '../../src/index.ts';

const ROOT = new URL('../../../../', import.meta.url);
/** A page as one line, so that a sentence is found wherever it is broken. */
const pageOf = (path: string) => readFileSync(new URL(path, ROOT), 'utf8').replaceAll(/\s+/g, ' ');
const HOUR_MS = 60 * 60 * 1_000;

/** Names every state: a new one does not compile until it is added here, and to the pages. */
const STATES = Object.keys({
  active: true,
  leaving: true,
  left: true,
  removed: true,
  stuck: true,
  forked: true,
} satisfies Record<ConversationState, true>);

test('the SDK guide explains every state of a conversation, and no other', () => {
  const guide = pageOf('docs/src/sdk/guide.md');
  const [, table = ''] = guide.split('| state ');
  const [rows = ''] = table.split('## ');
  expect([...rows.matchAll(/\| `([a-z]+)` +\|/g)].map(([, state]) => state)).toEqual(STATES);
});

test('the pages name the update policy that the SDK ships', () => {
  const { afterMessages, afterMs, hardStopMs } = DEFAULT_POLICY;
  expect(afterMs).toBe(HOUR_MS);
  const limits = `after ${afterMessages} messages or one hour of activity`;
  for (const page of ['README.md', 'docs/src/introduction.md']) expect(pageOf(page)).toContain(limits);
  const window = pageOf('docs/src/concepts/healing-window.md');
  expect(window).toMatch(new RegExp(`\`afterMessages\` +\\| ${afterMessages} +\\|`));
  expect(window).toMatch(/`afterMs` +\| 1 hour +\|/);
  expect(window).toMatch(new RegExp(`\`hardStopMs\` +\\| ${hardStopMs / (24 * HOUR_MS)} days +\\|`));
});

test('the pages name the size up to which a group is post-quantum by default', () => {
  const limit = `up to ${HYBRID_MEMBERS} members`;
  for (const page of ['README.md', 'docs/src/introduction.md', 'docs/src/concepts/post-quantum.md'])
    expect(pageOf(page)).toContain(limit);
  expect(pageOf('docs/src/security/limits.md')).toContain(
    `more than ${HYBRID_MEMBERS} members get no protection`,
  );
});

test('the SDK guide gives the lengths that a handle may have', () => {
  const { min, max } = LIMITS.handle;
  expect(pageOf('docs/src/sdk/guide.md')).toContain(`A handle has ${min} to ${max} characters`);
});

test('the pages that name a supported version follow the changelog', () => {
  const released = /^## /m.test(readFileSync(new URL('CHANGELOG.md', ROOT), 'utf8'));
  const [, supported = ''] = pageOf('SECURITY.md').split('## Supported versions ');
  expect(supported.startsWith('Nothing has been released yet.')).toBe(!released);
  expect(pageOf('ROADMAP.md').includes('Nothing has been released yet.')).toBe(!released);
});
