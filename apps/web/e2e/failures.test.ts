import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, Stage } from './browser.ts';

const missing = (route: Route) => route.fulfill({ status: 404, body: '' });

/** Of what the worker loads by itself, browsers do not say what it is for. */
async function withoutItsParts(route: Route): Promise<void> {
  const isPart = route.request().resourceType() === 'other' && route.request().url().endsWith('.js');
  await (isPart ? missing(route) : route.continue());
}

/** As a server answers whose content security policy was written by hand. */
async function withoutWasm(route: Route): Promise<void> {
  const response = await route.fetch();
  const headers = response.headers();
  const policy = headers['content-security-policy']?.replace(" 'wasm-unsafe-eval'", '') ?? '';
  await route.fulfill({ response, headers: { ...headers, 'content-security-policy': policy } });
}

/** The settings of a person who lets no site keep anything. */
const KEEPS_NOTHING = { profile: { default_content_setting_values: { cookies: 2 } } };

describe.skipIf(!hasBrowser)('a page that cannot open the account names the cause and the cure', () => {
  let stage: Stage;
  let profile: string;
  const contexts: BrowserContext[] = [];
  beforeAll(async () => {
    stage = await Stage.open();
    profile = await mkdtemp(join(tmpdir(), 'qpc-profile-'));
  });
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
    await rm(profile, { recursive: true, force: true });
  });

  /** The page as a person without an account finds it in this profile. */
  async function open(context: BrowserContext) {
    contexts.push(context);
    const page = await context.newPage();
    await page.goto(stage.url);
    // Next's own announcements of routes are an alert, too.
    const text = await page.locator('p').and(page.getByRole('alert')).innerText();
    return { page, title: await page.getByRole('heading', { level: 1 }).innerText(), text };
  }

  test.each([
    [
      'has no config.json',
      '**/config.json',
      missing,
      'This site is not set up',
      /config\.json.*Tell whoever runs/,
    ],
    ['lacks the core', '**/*.wasm', missing, 'A file of this site is missing', /Reload.*tell whoever runs/],
    [
      'lacks the worker',
      '**/turbopack-worker-*.js',
      missing,
      'A file of this site is missing',
      /Reload.*tell whoever runs/,
    ],
    [
      'lacks a part of the worker',
      '**/*',
      withoutItsParts,
      'A file of this site is missing',
      /Reload.*tell whoever runs/,
    ],
    ['forbids WebAssembly', '**/*', withoutWasm, 'WebAssembly is blocked', /script-src 'wasm-unsafe-eval'/],
  ])('if the site %s, and opens it once that is mended', async (_what, address, answer, title, cure) => {
    const context = await stage.context();
    await context.route(address, answer);
    const shown = await open(context);
    expect(shown.title).toBe(title);
    expect(shown.text).toMatch(cure);
    await context.unroute(address, answer);
    await shown.page.reload();
    await shown.page.getByRole('button', { name: 'Create account' }).waitFor();
  });

  test('if the browser keeps no data of sites', async () => {
    await mkdir(join(profile, 'Default'));
    await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify(KEEPS_NOTHING));
    const shown = await open(await stage.contextOnDisk(profile));
    expect(shown.title).toBe('This browser does not let this site store data');
    expect(shown.text).toContain('allow this site’s cookies and data');
  });
});
