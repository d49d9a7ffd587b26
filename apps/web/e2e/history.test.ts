import { Client, memoryStorage, type Conversation } from '@quicprochat/sdk';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, Stage, type Person } from './browser.ts';
import { isInView, settled } from './log.ts';

describe.skipIf(!hasBrowser)('a history that is longer than the screen', () => {
  let stage: Stage;
  let reader: Person;
  let writer: Client;
  beforeAll(async () => {
    stage = await Stage.open();
    reader = await stage.person('rita');
    writer = await Client.create({ relay: stage.relay.url, storage: memoryStorage(), handle: 'walt' });
  });
  afterAll(async () => {
    await writer.close();
    await stage[Symbol.asyncDispose]();
  });

  test('a short conversation is at the bottom, above the composer', async () => {
    await reader.createConversation('Short', ['walt']);
    await reader.send('only one line');
    await reader.sees('only one line');
    const gap = await reader.page.evaluate(() => {
      const log = document.querySelector('[role="log"]')!.getBoundingClientRect();
      const last = [...document.querySelectorAll('[data-position]')].at(-1)!.getBoundingClientRect();
      return { below: log.bottom - last.bottom, above: last.top - log.top };
    });
    expect(gap.below).toBeLessThan(80);
    expect(gap.above).toBeGreaterThan(200);
  });

  test('opening goes to the first of 520 unread messages, and marks only what was on the screen', async () => {
    const conversation = await writeMany('Long', 520);
    await reader.page.getByRole('navigation').getByRole('link', { name: 'Long' }).waitFor();
    await unreadBecomes(reader.page, (unread) => unread === 520);
    await reader.openConversation('Long');
    await reader.sees('message 1');

    expect(await isInView(reader.page, 'New')).toBe(true);
    expect(await isInView(reader.page, 'message 1')).toBe(true);
    expect(await reader.page.getByText('message 520', { exact: true }).count()).toBe(0);
    const onScreen = await countInView(reader.page);
    await unreadBecomes(reader.page, (unread) => unread < 520);
    await settled(reader.page);
    expect(520 - (await unreadOf(reader.page))).toBe(onScreen);
    await conversation.send('one more').catch(() => undefined);
  });

  test('going down loads page after page, without a jump, until everything was read', async () => {
    const { page } = reader;
    const log = page.getByRole('log');
    await log.focus();
    for (let presses = 0; presses < 200; presses++) {
      const unread = await unreadOf(page);
      if (unread === 0) break;
      await page.keyboard.press('PageDown');
      await settled(page);
      // As a reader does: on a busy machine, a page that is left before it was noted as seen stays unread.
      for (let waits = 0; waits < 20 && (await unreadOf(page)) === unread; waits++)
        await page.waitForTimeout(100);
    }
    expect(await unreadOf(page)).toBe(0);
    expect(await isInView(page, 'one more')).toBe(true);
    expect(await page.getByText('There are unread messages above.').count()).toBe(0);
  });

  test('going up loads what came before, and the message in sight stays where it is', async () => {
    const { page } = reader;
    await page.reload();
    await reader.sees('one more');
    await settled(page);
    expect(await page.getByText('message 300', { exact: true }).count()).toBe(0);
    let loads = 0;
    for (let steps = 0; steps < 300 && !(await isInView(page, 'message 1')); steps++) {
      const before = await firstLoaded(page);
      const anchor = await page.evaluate(async () => {
        const log = document.querySelector('[role="log"]')!;
        log.scrollBy(0, -log.clientHeight * 0.8);
        const top = log.getBoundingClientRect().top;
        const element = [...document.querySelectorAll<HTMLElement>('[data-position]')].find(
          (candidate) => candidate.getBoundingClientRect().bottom > top,
        )!;
        return { position: element.dataset['position']!, top: element.getBoundingClientRect().top };
      });
      await settled(page);
      if ((await firstLoaded(page)) === before) continue;
      loads++;
      const now = await page.locator(`[data-position="${anchor.position}"]`).boundingBox();
      expect(Math.abs(now!.y - anchor.top)).toBeLessThan(2);
    }
    expect(await isInView(page, 'message 1')).toBe(true);
    expect(loads).toBeGreaterThan(4);
    await page.getByRole('button', { name: 'Jump to the newest message' }).click();
    await reader.sees('one more');
    expect(await isInView(page, 'one more')).toBe(true);
  });

  test('what was jumped over stays unread until the person says otherwise', async () => {
    const { page } = reader;
    await writeMany('Skipped', 200);
    await unreadBecomes(page, (unread) => unread === 200);
    await reader.openConversation('Skipped');
    await reader.sees('message 1');
    await page.getByRole('button', { name: 'Jump to the newest message' }).click();
    await reader.sees('message 200');
    await page.getByText('There are unread messages above.').waitFor();
    await settled(page);
    expect(await unreadOf(page)).toBeGreaterThan(100);
    await page.getByRole('button', { name: 'Go to the first' }).click();
    await settled(page);
    expect(await isInView(page, 'New')).toBe(true);
    await page.getByRole('button', { name: 'Jump to the newest message' }).click();
    await page.getByRole('button', { name: 'Mark all as read' }).click();
    await unreadBecomes(page, (unread) => unread === 0);
    await page.getByText('There are unread messages above.').waitFor({ state: 'detached' });
  });

  test('writing something far from the end goes there, and reads nothing on the way', async () => {
    const { page } = reader;
    await writeMany('Answered', 150);
    await unreadBecomes(page, (unread) => unread === 150);
    await reader.openConversation('Answered');
    await reader.sees('message 1');
    await settled(page);
    const before = await unreadOf(page);
    await reader.send('my answer');
    await reader.sees('my answer');
    await settled(page);
    expect(await isInView(page, 'my answer')).toBe(true);
    expect(await unreadOf(page)).toBe(before);
    await page.getByRole('button', { name: 'Mark all as read' }).click();
    await unreadBecomes(page, (unread) => unread === 0);
  });

  test('in a page that is not in front nothing is marked, and "New" stands above what came', async () => {
    const { page } = reader;
    const conversation = await writeMany('Away', 3);
    await unreadBecomes(page, (unread) => unread === 3);
    await reader.openConversation('Away');
    await unreadBecomes(page, (unread) => unread === 0);
    await page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    for (let n = 1; n <= 40; n++) await conversation.send(`while away ${n}`);
    await reader.sees('while away 40');
    await settled(page);
    expect(await unreadOf(page)).toBe(40);
    expect(await isInView(page, 'New')).toBe(true);
    await page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'visible' });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await unreadBecomes(page, (unread) => unread < 40);
    expect(await unreadOf(page)).toBeGreaterThan(0);
    expect(await isInView(page, 'while away 1')).toBe(true);
  });

  test('no page complained', () => {
    expect(stage.complaints).toEqual([]);
  });

  /** Walt makes a conversation with Rita and writes `message 1` and so on. */
  async function writeMany(name: string, count: number): Promise<Conversation> {
    const conversation = await writer.conversations.create({ name, members: ['rita'] });
    const texts = Array.from({ length: count }, (_, index) => `message ${index + 1}`);
    for (const text of texts) await conversation.send(text);
    return conversation;
  }
});

/** The title of the tab tells how much is unread. */
async function unreadOf(page: Page): Promise<number> {
  return Number(/^\((\d+)\)/.exec(await page.title())?.[1] ?? 0);
}

async function unreadBecomes(page: Page, accepted: (unread: number) => boolean): Promise<void> {
  await expect.poll(async () => accepted(await unreadOf(page)), { timeout: 60_000 }).toBe(true);
}

/** How many messages end inside of the visible part of the log. */
function countInView(page: Page): Promise<number> {
  return page.evaluate(() => {
    const view = document.querySelector('[role="log"]')!.getBoundingClientRect();
    const boxes = [...document.querySelectorAll('[data-position]:not(li)')].map((element) =>
      element.getBoundingClientRect(),
    );
    return boxes.filter(({ bottom }) => bottom > view.top && bottom <= view.bottom + 1).length;
  });
}

function firstLoaded(page: Page): Promise<string | undefined> {
  return page.evaluate(() => document.querySelector<HTMLElement>('[data-position]')?.dataset['position']);
}
