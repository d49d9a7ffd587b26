import { Client, memoryStorage, type Conversation } from '@quicprochat/sdk';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, Stage, type Person } from './browser.ts';
import { isInView, settled } from './log.ts';

/** Wide enough for a panel beside the thread. */
const WIDE = { width: 1280, height: 720 };

/** Long enough to wrap, so that another width makes the thread longer or shorter. */
const WORDS = 'all of this wraps into more lines as soon as the thread gets narrower than it was '.repeat(3);

describe.skipIf(!hasBrowser)('a thread that is at its end', () => {
  let stage: Stage;
  let reader: Person;
  let writer: Client;
  let conversation: Conversation;
  let count = 0;
  beforeAll(async () => {
    stage = await Stage.open();
    reader = await stage.person('rosa');
    await reader.page.setViewportSize(WIDE);
    writer = await Client.create({ relay: stage.relay.url, storage: memoryStorage(), handle: 'wim' });
    conversation = await writer.conversations.create({ name: 'Long lines', members: ['rosa'] });
    await reader.openConversation('Long lines');
    for (let n = 0; n < 20; n++) await conversation.send(`${n} ${WORDS}`);
    await conversation.send('the newest');
    await reader.sees('the newest');
    await toEnd(reader.page);
  });
  afterAll(async () => {
    await writer.close();
    await stage[Symbol.asyncDispose]();
  });

  const button = (name: string) => reader.page.getByRole('button', { name, exact: true });
  const box = () => reader.page.getByLabel('Message', { exact: true });

  test.each<[string, () => Promise<void>]>([
    ['a panel opens', () => button('People').click()],
    ['another panel takes its place', () => button('Security').click()],
    ['the first panel comes back', () => button('People').click()],
    ['the panel goes and is back before the page is drawn', () => reopenPanel(reader.page)],
    ['the panel goes and is back two frames later', () => reopenPanel(reader.page, { frames: 2 })],
    ['the panel closes', () => button('Close People').click()],
    ['the window gets narrow', () => reader.page.setViewportSize({ width: 400, height: 700 })],
    ['an on-screen keyboard opens', () => reader.page.setViewportSize({ width: 400, height: 350 })],
    ['the window is wide again', () => reader.page.setViewportSize(WIDE)],
    ['the composer grows', () => box().fill('one\ntwo\nthree\nfour\nfive')],
    ['the composer is empty again', () => box().fill('')],
    ['the text gets larger', () => setFontSize(reader.page, '24px')],
    ['the text is as before', () => setFontSize(reader.page, '')],
  ])('stays there when %s, and what comes in then is in sight', async (_change, change) => {
    await toEnd(reader.page);
    await change();
    await settled(reader.page);
    expect(await toTheEnd(reader.page)).toBeLessThan(2);
    const text = `line ${++count}`;
    await conversation.send(text);
    await reader.sees(text);
    await settled(reader.page);
    expect(await isInView(reader.page, text)).toBe(true);
  });

  test('a message in the middle stays at its place when a panel opens and closes', async () => {
    const { page } = reader;
    await page.getByRole('log').evaluate((log) => log.scrollBy(0, -log.clientHeight * 2));
    await settled(page);
    const before = await firstInSight(page);
    for (const name of ['People', 'Security', 'Close Security']) {
      await button(name).click();
      await settled(page);
      expect(Math.abs((await topOf(page, before.position)) - before.top)).toBeLessThan(2);
    }
  });

  test('no page complained', () => {
    expect(stage.complaints).toEqual([]);
  });
});

async function toEnd(page: Page): Promise<void> {
  await page.getByRole('log').press('End');
  await settled(page);
}

/** How far below the visible part the end of the last message is. */
function toTheEnd(page: Page): Promise<number> {
  return page.evaluate(() => {
    const last = [...document.querySelectorAll('[data-position]')].at(-1)!.getBoundingClientRect();
    return last.bottom - document.querySelector('[role="log"]')!.getBoundingClientRect().bottom;
  });
}

/** What happens when one panel takes the place of another on a busy machine: the layout in between is made. */
function reopenPanel(page: Page, { frames = 0 } = {}): Promise<void> {
  return page.evaluate(async (wait) => {
    const panel = document.querySelector('dialog')!;
    panel.close();
    panel.getBoundingClientRect();
    for (let n = 0; n < wait; n++) await new Promise((resolve) => requestAnimationFrame(resolve));
    panel.show();
  }, frames);
}

function setFontSize(page: Page, size: string): Promise<void> {
  return page.evaluate((value) => {
    document.documentElement.style.fontSize = value;
  }, size);
}

function firstInSight(page: Page): Promise<{ position: string; top: number }> {
  return page.evaluate(() => {
    const { top } = document.querySelector('[role="log"]')!.getBoundingClientRect();
    const element = [...document.querySelectorAll<HTMLElement>('[data-position]')].find(
      (candidate) => candidate.getBoundingClientRect().bottom > top,
    )!;
    return { position: element.dataset['position']!, top: element.getBoundingClientRect().top };
  });
}

async function topOf(page: Page, position: string): Promise<number> {
  const bounds = await page.locator(`[data-position="${position}"]`).boundingBox();
  return bounds!.y;
}
