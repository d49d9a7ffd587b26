import { rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROTOCOL_VERSION } from '@quicprochat/protocol';
import { sqliteStorage } from '@quicprochat/sdk/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  startRelayOfVersion,
  type RelayOfVersion,
} from '../../../packages/relay/test/support/relay-of-version.ts';
import { start } from './qpc.ts';
import { Home } from './town.ts';

let folder: string;
let relay: RelayOfVersion;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qpc-homes-'));
  relay = await startRelayOfVersion();
});
afterAll(async () => {
  await relay.close();
  await rm(folder, { recursive: true, force: true });
});

/** Someone with a conversation called Tea, and a friend in it. */
async function party(name: string): Promise<Home[]> {
  const homes = [`${name}-a`, `${name}-b`].map((handle) => new Home(join(folder, handle), handle));
  for (const home of homes) await home.done('register', home.handle, '--relay', relay.url);
  await homes[0]!.done('conversations', 'create', '--name', 'Tea', '--with', homes[1]!.handle);
  await homes[1]!.done('conversations');
  return homes;
}

test.each([
  [
    'a newer',
    PROTOCOL_VERSION + 1,
    'This qpc is too old for the relay. Install the current version of quicprochat.',
  ],
  [
    'an older',
    PROTOCOL_VERSION - 1,
    'The relay is too old for this qpc. Ask whoever runs the relay to update it.',
  ],
])(
  'with %s relay, every command says what to update; what is stored is shown, and what is sent stays queued',
  async (which, version, sentence) => {
    const [alice, bob] = await party(which.split(' ')[1]!);
    const at = `${sentence} The relay’s address is ${relay.url}.`;
    await relay.becomes(version);
    const newcomer = new Home(join(folder, `${which.split(' ')[1]}-c`), `${which.split(' ')[1]}-c`);
    expect(await newcomer.run('register', newcomer.handle, '--relay', relay.url)).toMatchObject({
      exit: 4,
      lines: [{ error: { code: 'PROTOCOL_VERSION_MISMATCH', message: at } }],
    });
    const shown = await alice!.shown('conversations');
    expect(shown).toMatchObject({ exit: 0, stdout: expect.stringContaining('Tea') });
    expect(shown.stderr.trim()).toBe(`${at} Anything newer than the last run is missing here.`);
    const { exit, lines } = await alice!.run('send', 'Tea', 'hello');
    const message = `${at} The message or change stays queued; do not repeat it.`;
    expect([exit, lines]).toEqual([4, [{ error: { code: 'PROTOCOL_VERSION_MISMATCH', message } }]]);

    await relay.becomes(PROTOCOL_VERSION);
    await alice!.done('conversations');
    expect(await bob!.hears(1)).toEqual(['hello']);
  },
  120_000,
);

test('listening ends with 4 if the relay became newer, and goes on after it was too old', async () => {
  const [alice, bob] = await party('listener');
  const ending = bob!.start('listen', '--timeout', '60');
  const going = start(['--home', alice!.path, 'listen', '--timeout', '60', '--count', '1']);
  await alice!.says('one');
  await ending.printed(1);
  await relay.becomes(PROTOCOL_VERSION - 1);
  await going.told('Ask whoever runs the relay to update it.');
  await relay.becomes(PROTOCOL_VERSION);
  await bob!.says('two');
  expect(await going.result).toMatchObject({ exit: 0, stdout: expect.stringContaining('two') });

  await relay.becomes(PROTOCOL_VERSION + 1);
  const { exit, lines } = await ending.result;
  expect([exit, lines.at(-1)]).toMatchObject([4, { error: { code: 'PROTOCOL_VERSION_MISMATCH' } }]);
  await relay.becomes(PROTOCOL_VERSION);
}, 120_000);

test('listening ends with 3 when a newer version takes the home over, and so does every command after it', async () => {
  const [alice] = await party('overtaken');
  const listening = start(['--home', alice!.path, 'listen', '--timeout', '60']);
  const asProgram = alice!.start('listen', '--timeout', '60');
  await alice!.says('one');
  const newer = await sqliteStorage(join(alice!.path, 'qpc.db'));
  const header = { key: 'store/header', value: Buffer.from('\u0001{"version":1000}') };
  await newer.commit([header], await newer.generation());
  const sentence = `Another version of quicprochat wrote this home, and this one cannot read it. Use that version, or choose another home with --home.`;
  expect(await listening.result).toMatchObject({ exit: 3, stderr: `qpc: ${sentence} (STORE_VERSION)\n` });
  const told = { exit: 3, lines: [{ error: { code: 'STORE_VERSION', message: sentence } }] };
  expect(await asProgram.result).toMatchObject(told);
  expect(await alice!.run('conversations')).toMatchObject(told);
  await newer.close();
}, 60_000);
