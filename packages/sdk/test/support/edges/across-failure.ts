import { eventually } from '@quicprochat/testkit';
import { expect } from 'vitest';
import { memoryStorage } from '../../../src/storage/memory.ts';
import type { Report } from './driver.ts';
import { LocalTab } from './local-tab.ts';
import type { Device, Hear, Tab } from './tab.ts';

const TEA = 'tea';

/** What a tab shows of the conversation. */
async function textsIn(tab: Tab): Promise<string[]> {
  const view = (await tab.snapshot({ hasLines: true })).conversations[TEA];
  return (view?.lines ?? []).flatMap(({ type, text, state }) =>
    type === 'text' && state !== 'failed' ? [text ?? ''] : [],
  );
}

/** A device, and what has its storage fail from now on, which returns what ends that. */
export interface FailingDevice<Kind extends Device> {
  start: (options: { handle: string; hear: Hear }) => Promise<Kind>;
  fail: (device: Kind) => Promise<() => unknown>;
}

/**
 * Has a device talk to a friend before, while and after its storage refuses every write. What was not stored is refused.
 * What the friend sends meanwhile is shown when writes succeed again, without anything else happening.
 */
export async function talkAcrossFailure<Kind extends Device>(
  relay: string,
  { start, fail }: FailingDevice<Kind>,
): Promise<void> {
  const reports: Report[] = [];
  const hear: Hear = (report) => reports.push(report);
  const ofText = (text: string, told: Report['told']) =>
    reports.find((report) => report.told === told && 'text' in report && report.text === text);
  const say = (tab: Tab, text: string) => tab.obey({ kind: 'send', conversation: TEA, texts: [text] });
  const sent = (text: string) => eventually(`“${text}” is sent`, () => ofText(text, 'sent') !== undefined);

  const bob = await LocalTab.open('bob', { relay, storage: memoryStorage(), hear });
  const device = await start({ handle: 'alice', hear });
  try {
    device.openTab();
    const alice = device.tabs[0]!;
    await eventually('alice’s account is open', () => alice.state === 'running', { timeoutMs: 60_000 });
    alice.obey({ kind: 'create', conversation: TEA, members: ['bob'] });
    await eventually('bob is in', async () => TEA in (await bob.snapshot({ hasLines: false })).conversations);
    say(alice, 'before');
    await sent('before');
    const end = await fail(device);
    say(alice, 'not stored');
    await eventually('it is refused', () => ofText('not stored', 'refused') !== undefined);
    expect(ofText('not stored', 'refused')).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    say(bob, 'meanwhile');
    await sent('meanwhile');
    await end();
    const hasSeen = async () => (await textsIn(alice)).includes('meanwhile');
    await eventually('alice sees it', hasSeen, { timeoutMs: 60_000 });
    say(alice, 'after');
    await sent('after');
    const all = ['before', 'meanwhile', 'after'];
    await eventually('bob sees it', async () => (await textsIn(bob)).length === all.length);
    for (const tab of [alice, bob]) expect(await textsIn(tab)).toEqual(all);
    const connection = async () => (await alice.snapshot({ hasLines: false })).connection;
    await eventually('alice is online', async () => (await connection()) === 'online');
  } finally {
    await Promise.all([bob.close(), device.close()]);
  }
}
