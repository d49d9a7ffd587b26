import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPlaintext, relayOfFile } from '@quicprochat/testkit';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { qpc, start, type Result, type Running } from './qpc.ts';

/** A relay process and a folder for the homes of one test file. What was sent is searched for at the end. */
export function town() {
  const { relay, handleFor } = relayOfFile({ beforeAll, afterEach, afterAll });
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'qpc-homes-'));
  });
  afterAll(async () => {
    const leaked = await findPlaintext(relay().folder, sent.splice(0));
    await rm(folder, { recursive: true, force: true });
    expect(leaked, 'plaintext in the relay’s database or log').toEqual([]);
  });

  const move = async (name: string): Promise<Home> => {
    const handle = handleFor(name);
    const home = new Home(join(folder, handle), handle);
    await home.done('register', handle, '--relay', relay().url);
    return home;
  };
  const party = async <Names extends readonly string[]>(
    ...names: Names
  ): Promise<{ [Name in keyof Names]: Home }> => {
    const homes: Home[] = [];
    for (const name of names) homes.push(await move(name));
    const [host, ...guests] = homes as [Home, ...Home[]];
    const handles = guests.map(({ handle }) => handle).join();
    await host.done(
      'conversations',
      'create',
      '--name',
      'Tea',
      ...(handles === '' ? [] : ['--with', handles]),
    );
    return homes as { [Name in keyof Names]: Home };
  };

  return {
    relay,
    folder: () => folder,
    /** A home where nobody is registered. */
    emptyHome: (name = 'empty') => new Home(join(folder, handleFor(name)), 'nobody'),
    /** A registered home under a handle of its own. */
    move,
    /** Homes of these people, in a conversation called Tea that the first of them made. */
    party,
  };
}

/** Every text that a test of this file sent. */
const sent: string[] = [];

/** One home, and qpc run in it with --json. */
export class Home {
  readonly path: string;
  readonly handle: string;
  readonly env: Record<string, string>;

  constructor(path: string, handle: string, env: Record<string, string> = {}) {
    this.path = path;
    this.handle = handle;
    this.env = env;
  }

  start(...words: string[]): Running {
    return start(['--home', this.path, '--json', ...words], { env: this.env });
  }

  run(...words: string[]): Promise<Result> {
    return this.start(...words).result;
  }

  /** The same for a person, without --json. */
  shown(...words: string[]): Promise<Result> {
    return qpc(['--home', this.path, ...words], { env: { ...this.env, TZ: 'UTC', LC_ALL: 'C' } });
  }

  /** A command that must succeed; its one record. */
  async done(...words: string[]): Promise<Record<string, unknown>> {
    const { exit, lines, stdout, stderr } = await this.run(...words);
    if (exit !== 0) throw new Error(`qpc ${words.join(' ')}: exit ${exit}\n${stdout}\n${stderr}`);
    return lines[0] ?? {};
  }

  /** Sends texts to Tea one after the other; their ids. */
  async says(...texts: string[]): Promise<unknown[]> {
    const ids: unknown[] = [];
    for (const text of texts) {
      sent.push(text);
      ids.push((await this.done('send', 'Tea', text))['id']);
    }
    return ids;
  }

  /** A command that must fail; its code, and the exit code. */
  async refused(...words: string[]): Promise<{ exit: number | null; code: unknown }> {
    const { exit, lines } = await this.run(...words);
    const error = lines.at(-1)?.['error'] as { code: string } | undefined;
    return { exit, code: error?.code };
  }

  /** The texts of so many messages in Tea, or what was printed instead. */
  async hears(count: number): Promise<unknown[]> {
    const { lines } = await this.run('listen', 'Tea', '--count', String(count), '--timeout', '20');
    return lines.map((line) => line['text'] ?? line);
  }

  /** That there is nothing in Tea which was not listened to. */
  async hearsNothingMore(): Promise<void> {
    const { exit, lines } = await this.run('listen', 'Tea', '--timeout', '0.5');
    expect([exit, lines]).toEqual([0, []]);
  }

  /** How this home sees the state of Tea: the same for all who share it. */
  async view(): Promise<string> {
    const { epoch, epochAuthenticator } = await this.done('security', 'Tea');
    return `${String(epoch)} ${String(epochAuthenticator)}`;
  }
}

/** Texts that nothing else could hold by chance. */
export function texts(topic: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `a private word of ${topic}, number ${i + 1}`);
}
