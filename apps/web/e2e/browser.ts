import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRelay, type RelayProcess } from '@quicprochat/testkit';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { sealExport } from '../scripts/export-dir.ts';
import { createStaticServer } from '../scripts/static-server.ts';

const CHROMIUM = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const LAUNCH = {
  executablePath: CHROMIUM,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-sync',
  ],
};

/** Whether there is a browser. CI must have one; elsewhere these tests are left out where there is none. */
export const hasBrowser = existsSync(CHROMIUM);
if (!hasBrowser) {
  const sentence = `The browser tests need Chromium at ${CHROMIUM}: install it (Debian: apt-get install chromium) or set CHROMIUM_PATH.`;
  if (process.env['CI'] === 'true') throw new Error(sentence);
  console.warn(`Left out. ${sentence}`);
}

/** The built site on a server of its own, a real relay, and a browser; each person is a profile. */
export class Stage implements AsyncDisposable {
  readonly relay: RelayProcess;
  readonly url: string;
  /** What no page may ever do: errors, violations of the policy, complaints on the console. */
  readonly complaints: string[] = [];
  readonly #browser: Browser;
  readonly #close: () => Promise<void>;

  static async open(): Promise<Stage> {
    const dir = await mkdtemp(join(tmpdir(), 'qpc-web-'));
    await cp(join(import.meta.dirname, '../out'), dir, { recursive: true });
    // Sealed once to be served at all, then for the relay, which has to know the site's address first.
    await sealExport(dir, 'http://localhost:4000');
    const probe = await createStaticServer(dir);
    probe.listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const address = probe.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const url = `http://localhost:${port}`;
    const relay = await startRelay({ env: { QPC_ORIGINS: url } });
    probe.close();
    await sealExport(dir, relay.url);
    const server = await createStaticServer(dir);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const browser = await chromium.launch(LAUNCH);
    return new Stage(relay, url, browser, async () => {
      await browser.close();
      server.close();
      server.closeAllConnections();
      await relay.kill();
      await rm(dir, { recursive: true, force: true });
    });
  }

  private constructor(relay: RelayProcess, url: string, browser: Browser, close: () => Promise<void>) {
    this.relay = relay;
    this.url = url;
    this.#browser = browser;
    this.#close = close;
  }

  /** A person with a profile of their own, registered. The profile is in memory only. */
  async person(handle: string): Promise<Person> {
    return this.#register(handle, await this.context());
  }

  /** The same with a profile in a folder, in a browser of its own. The caller closes the person. */
  async personOnDisk(handle: string, folder: string): Promise<Person> {
    return this.#register(handle, await this.contextOnDisk(folder));
  }

  /** A new profile. The caller closes it. */
  context(): Promise<BrowserContext> {
    return this.#browser.newContext();
  }

  /** A profile in a folder, in a browser of its own. The caller closes it. */
  contextOnDisk(folder: string): Promise<BrowserContext> {
    return chromium.launchPersistentContext(folder, LAUNCH);
  }

  async #register(handle: string, context: BrowserContext): Promise<Person> {
    const person = new Person(handle, this, context);
    await person.openTab();
    await person.page.getByLabel('Handle').fill(handle);
    await person.page.getByRole('button', { name: 'Create account' }).click();
    await person.page.getByText('Connected').waitFor();
    return person;
  }

  /** The page as somebody without an account sees it. The caller closes its context. */
  async stranger(): Promise<Page> {
    const page = await (await this.context()).newPage();
    await page.goto(this.url);
    return page;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

/** One profile, and what a person does in it. */
export class Person {
  readonly handle: string;
  readonly #stage: Stage;
  readonly #context: BrowserContext;
  #pages: Page[] = [];

  constructor(handle: string, stage: Stage, context: BrowserContext) {
    this.handle = handle;
    this.#stage = stage;
    this.#context = context;
  }

  /** The first tab. */
  get page(): Page {
    return this.tab(0);
  }

  tab(index: number): Page {
    const page = this.#pages[index];
    if (page === undefined) throw new Error(`${this.handle} has no tab ${index}`);
    return page;
  }

  async openTab(): Promise<Page> {
    const page = await this.#context.newPage();
    const complain = (text: string) => this.#stage.complaints.push(`${this.handle}: ${text}`);
    page.on('pageerror', (error) => complain(error.message));
    page.on('console', (message) => {
      // The browser notes every answer that is no success; the relay's refusals are among them, and no fault.
      const isAnswer = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !isAnswer) complain(message.text());
    });
    await page.goto(this.#stage.url);
    this.#pages.push(page);
    return page;
  }

  /** Closes all tabs, and the browser if the profile is on disk. */
  close(): Promise<void> {
    return this.#context.close();
  }

  async createConversation(name: string, people: readonly string[]): Promise<void> {
    await this.page.getByRole('button', { name: 'New conversation' }).first().click();
    await this.page.getByLabel('Name (optional)').fill(name);
    await this.page.getByRole('textbox', { name: 'People' }).fill(people.join(', '));
    await this.page.getByRole('button', { name: 'Create', exact: true }).click();
    await this.page.getByRole('heading', { level: 1, name }).waitFor();
  }

  async openConversation(name: string, page = this.page): Promise<void> {
    await page.getByRole('navigation').getByRole('link', { name }).click();
    await page.getByRole('heading', { level: 1, name }).waitFor();
  }

  async send(text: string, page = this.page): Promise<void> {
    await page.getByLabel('Message', { exact: true }).fill(text);
    await page.keyboard.press('Enter');
  }

  /** Waits until the text stands in the conversation, and how often it does. */
  async sees(text: string, page = this.page): Promise<number> {
    const found = page.getByRole('log').getByText(text, { exact: true });
    await found.first().waitFor();
    return found.count();
  }

  /** What the security panel shows of the epoch's authenticator. */
  async authenticator(): Promise<string> {
    await this.page.getByRole('button', { name: 'Security' }).click();
    const shown = await this.page.getByTestId('epoch-authenticator').innerText();
    await this.page.keyboard.press('Escape');
    return shown;
  }
}
