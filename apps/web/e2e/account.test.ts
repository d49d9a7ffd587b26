import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, Stage, type Person } from './browser.ts';

describe.skipIf(!hasBrowser)('an account, its people and its connection', () => {
  let stage: Stage;
  let anna: Person;
  let ben: Person;
  beforeAll(async () => {
    stage = await Stage.open();
    [anna, ben] = [await stage.person('anna'), await stage.person('ben')];
    await anna.createConversation('Harbour', ['ben']);
    await ben.openConversation('Harbour');
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  test('a new account says where it is kept, and what the browser has promised', async () => {
    const { page } = anna;
    const promised = await page.evaluate(() => navigator.storage.persisted());
    const sentence = promised ? 'The browser keeps it' : 'The browser has not promised to keep it';
    const news = page.getByRole('status').filter({ hasText: 'your account lives in this browser only' });
    await news.getByText(sentence).waitFor();
    await news.getByRole('button', { name: 'Understood' }).click();
    await news.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Your account' }).click();
    await page.getByRole('dialog').getByText(sentence).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  test('the registration page says that clearing the site’s data loses the account', async () => {
    const page = await stage.stranger();
    await page.getByText('your account lives in this browser only').waitFor();
    await page.context().close();
  });

  test('each person reads who added whom, from where they stand', async () => {
    await anna.page.getByRole('log').getByText('You added ben', { exact: true }).waitFor();
    expect(await anna.page.getByRole('log').getByText('You added you').count()).toBe(0);
  });

  test.each(['People', 'Security'])('closing %s gives the focus back to its button', async (panel) => {
    const { page } = anna;
    const opener = page.getByRole('button', { name: panel, exact: true });
    for (const close of [
      () => page.keyboard.press('Escape'),
      () => page.getByRole('button', { name: `Close ${panel}` }).click(),
    ]) {
      await opener.click();
      await page.getByRole('dialog', { name: panel }).waitFor();
      await close();
      await page.getByRole('dialog', { name: panel }).waitFor({ state: 'detached' });
      expect(await opener.evaluate((button) => button === document.activeElement)).toBe(true);
    }
  });

  test('two people who see the same number mark each other as verified', async () => {
    const digits: string[] = [];
    for (const [person, other] of [
      [anna, 'ben'],
      [ben, 'anna'],
    ] as const) {
      await person.page.getByRole('button', { name: 'Security' }).click();
      const row = person.page.getByRole('listitem').filter({ hasText: other }).last();
      await row.getByText('Safety number').click();
      digits.push(await row.locator('p').first().innerText());
      await row.getByRole('button', { name: 'It matches: mark as verified' }).click();
      await row.getByRole('button', { name: 'Remove the verification' }).waitFor();
      await row.getByText('verified', { exact: true }).waitFor();
      await person.page.getByRole('button', { name: 'People' }).click();
      const inPeople = person.page.getByRole('dialog', { name: 'People' }).getByRole('listitem');
      await inPeople.filter({ hasText: other }).getByText('verified', { exact: true }).waitFor();
      await person.page.keyboard.press('Escape');
    }
    expect(digits[0]).toMatch(/^(\d{5} ){11}\d{5}$/);
    expect(digits[0]).toBe(digits[1]);
  });

  test('without a relay, removing somebody waits in sight, and the keyboard cancels it', async () => {
    const { page } = anna;
    const waiting = await removeBenOffline();
    await page.getByRole('button', { name: 'Close People' }).click();
    await waiting.waitFor();
    await waiting.getByRole('button', { name: 'Cancel' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Cancelled: ben was not removed.').waitFor();
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await goOnline();
    // What was cancelled does not happen later either: what anna writes now is sealed for ben as well.
    await anna.send('you are still here');
    expect(await ben.sees('you are still here')).toBe(1);
  });

  test('a message that waits can be cancelled, and is never sent', async () => {
    const { page } = anna;
    await goOffline();
    for (const text of ['kept', 'taken back', 'sent after a reload']) await anna.send(text);
    const lineOf = (text: string) => page.locator('[data-position]').filter({ hasText: text });
    await lineOf('sent after a reload').getByRole('button', { name: 'Cancel' }).waitFor();
    await lineOf('taken back').getByRole('button', { name: 'Cancel' }).focus();
    await page.keyboard.press('Enter');
    await lineOf('taken back').getByText('Not sent').waitFor();
    expect(await lineOf('kept').getByRole('button', { name: 'Cancel' }).count()).toBe(1);
    expect(await page.getByRole('alert').getByText('cancelled').count()).toBe(0);

    // The call that could be cancelled ended with the page.
    await page.reload();
    await lineOf('sent after a reload').getByText('Waiting to be sent').waitFor();
    expect(await page.getByRole('log').getByRole('button', { name: 'Cancel' }).count()).toBe(0);

    await goOnline();
    expect(await ben.sees('kept')).toBe(1);
    expect(await ben.sees('sent after a reload')).toBe(1);
    expect(await ben.page.getByText('taken back').count()).toBe(0);
  });

  test('a removal that waits takes effect when the relay is back', async () => {
    const { page } = anna;
    const waiting = await removeBenOffline();
    await page.reload();
    await waiting.waitFor();
    await stage.relay.start();
    await ben.page.getByText('You were removed', { exact: false }).first().waitFor();
    await waiting.waitFor({ state: 'detached' });
    await page.getByRole('log').getByText('You removed ben', { exact: true }).waitFor();
  });

  test('no page complained', () => {
    expect(stage.complaints).toEqual([]);
  });

  async function goOffline(): Promise<void> {
    await stage.relay.stop();
    await anna.page.getByText('Offline.').waitFor();
  }

  async function goOnline(): Promise<void> {
    await stage.relay.start();
    await anna.page.getByText('Connected').waitFor();
  }

  /** Anna removes Ben while the relay is away. Gives the line that says that it waits. */
  async function removeBenOffline() {
    const { page } = anna;
    await goOffline();
    await page.getByRole('button', { name: 'People' }).click();
    await page.getByRole('button', { name: 'Remove ben' }).click();
    await page.getByRole('dialog').last().getByRole('button', { name: 'Remove', exact: true }).click();
    const text = 'Waiting for the relay: ben will be removed';
    const waiting = page.getByRole('status').filter({ hasText: text });
    await waiting.waitFor();
    return waiting;
  }
});
