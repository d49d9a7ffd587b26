import { randomBytes } from 'node:crypto';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';

/** Two people with a browser profile each register at the page, and one writes to the other, who reads it. */
export async function talk(browser: Browser, page: { url: URL; relay: string }): Promise<void> {
  const run = randomBytes(4).toString('hex');
  const [alice, bob] = [`alice-${run}`, `bob-${run}`];
  const bobsPage = await register(browser, page, bob);
  const alicesPage = await register(browser, page, alice);
  await alicesPage.getByRole('textbox', { name: 'To', exact: true }).fill(bob);
  await alicesPage.getByLabel('Message').fill('Shall we?');
  await alicesPage.getByRole('button', { name: 'Send' }).click();
  await bobsPage.getByText(`${alice}: Shall we?`).waitFor();
  await Promise.all([alicesPage, bobsPage].map((open) => open.context().close()));
}

async function register(
  browser: Browser,
  { url, relay }: { url: URL; relay: string },
  handle: string,
): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${url.href}?relay=${encodeURIComponent(relay)}`);
  await page.getByLabel('Your handle').fill(handle);
  await page.getByRole('button', { name: 'Register' }).click();
  const status = page.getByRole('status').filter({ hasText: /./ });
  await status.waitFor({ timeout: 60_000 });
  expect([await status.innerText(), ...errors]).toEqual([`You are ${handle}.`]);
  return page;
}
