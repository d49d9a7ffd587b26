import type { Page } from 'playwright-core';

/** Waits until the page has nothing left to do: no loading, and the same lines and title twice in a row. */
export async function settled(page: Page): Promise<void> {
  const state = () =>
    page.evaluate(() => {
      const log = document.querySelector('[role="log"]')!;
      const positions = [...log.querySelectorAll<HTMLElement>('[data-position]')];
      return [
        ...[log.ariaBusy, log.scrollTop, log.scrollHeight, document.title],
        ...[positions.at(0), positions.at(-1)].map((element) => element?.dataset['position']),
      ].join();
    });
  let before = '';
  for (let now = await state(); now !== before || now.startsWith('true'); now = await state()) {
    before = now;
    await page.waitForTimeout(120);
  }
}

/** Whether the line with exactly this text is inside of the visible part of the log. */
export async function isInView(page: Page, text: string): Promise<boolean> {
  const log = await page.getByRole('log').boundingBox();
  const found = page.getByRole('log').getByText(text, { exact: true });
  const line = (await found.count()) === 0 ? null : await found.first().boundingBox();
  return (
    log !== null && line !== null && line.y >= log.y - 1 && line.y + line.height <= log.y + log.height + 1
  );
}
