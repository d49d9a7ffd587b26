import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { link, mkdtemp, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodeSlots, fileSlotOf, readSlots } from '../src/keys/document.ts';
import { passphraseSlot } from '../src/keys/wrapping.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';

const PROGRAM = join(import.meta.dirname, 'support/killed-swap.ts');
const key = new Uint8Array(32).fill(9);
const OLD = key;
const NEW = encodeSlots([fileSlotOf(key), await slot(1)]);
const NEXT = encodeSlots([await slot(2)]);

function slot(seed: number) {
  return passphraseSlot(
    key,
    { id: `${seed}`, addedAt: seed },
    {
      passphrase: 'x',
      cost: { memoryKib: 64, passes: 1, lanes: 1 },
      derive: async () => new Uint8Array(32).fill(seed),
      random: { bytes: (length) => new Uint8Array(length).fill(seed), fraction: () => 0 },
    },
  );
}

function change(path: string, step: number, from: Uint8Array | undefined, to: Uint8Array) {
  const base64 = (bytes: Uint8Array = new Uint8Array()) => Buffer.from(bytes).toString('base64');
  const args = ['--conditions=@quicprochat/source', PROGRAM, path, `${step}`, base64(from), base64(to)];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

const folder = () => mkdtemp(join(tmpdir(), 'qpc-killed-'));

test.each([
  ['the first key is kept', undefined, OLD],
  ['a key file becomes a document', OLD, NEW],
  ['a document becomes another one', NEW, NEXT],
])(
  'a process that is killed at any step while %s leaves the old or the new',
  async (_what, from, to) => {
    const outcomes = new Set<string>();
    for (let step = 0; ; step++) {
      const path = join(await folder(), 'device.db');
      if (from !== undefined) await writeFile(`${path}.key`, from);
      const { status, signal, stderr } = change(path, step, from, to);
      if (signal === null) {
        expect([status, stderr], `without a kill, after ${step} steps`).toEqual([0, '']);
        expect(step).toBeGreaterThan(6);
        break;
      }
      const storage = await sqliteStorage(path);
      const kept = (await storage.keySlots!.read())?.bytes;
      expect([from, to]).toContainEqual(kept);
      outcomes.add(kept === undefined ? 'none' : Buffer.from(kept).toString('base64'));
      // Nobody is left to hold the lock, and what lies around is taken away.
      expect(await storage.keySlots!.swap({ bytes: NEXT }, kept)).toBe(true);
      expect(readSlots((await storage.keySlots!.read())!.bytes)).toMatchObject([{ id: '2' }]);
      await storage.close();
      expect((await readdir(join(path, '..'))).filter((name) => name.includes('.key'))).toEqual([
        'device.db.key',
      ]);
    }
    expect(outcomes.size).toBe(2);
  },
  120_000,
);

test('what was replaced is overwritten where it lay, and the new file is for its owner alone', async () => {
  const path = join(await folder(), 'device.db');
  const storage = await sqliteStorage(path);
  await storage.storeKey(key);
  const before = openSync(`${path}.key`, 'r');
  expect(await storage.keySlots!.swap({ bytes: NEW }, key)).toBe(true);
  expect(new Uint8Array(readFileSync(before))).toEqual(new Uint8Array(32));
  closeSync(before);
  if (process.platform !== 'win32') expect((await stat(`${path}.key`)).mode & 0o777).toBe(0o600);
  await storage.close();
});

test('a copy that a person linked to the key file stays as it is', async () => {
  const path = join(await folder(), 'device.db');
  const storage = await sqliteStorage(path);
  await storage.storeKey(key);
  await link(`${path}.key`, `${path}.copy`);
  await storage.keySlots!.swap({ bytes: NEW }, key);
  expect(new Uint8Array(await readFile(`${path}.copy`))).toEqual(key);
  await storage.close();
});

test.runIf(process.platform !== 'win32')(
  'a link in place of the draft is taken away, and not followed',
  async () => {
    const path = join(await folder(), 'device.db');
    await writeFile(`${path}.other`, 'of somebody else');
    await symlink(`${path}.other`, `${path}.key.new`);
    const storage = await sqliteStorage(path);
    expect(await storage.keySlots!.swap({ bytes: NEW }, undefined)).toBe(true);
    expect(await readFile(`${path}.other`, 'utf8')).toBe('of somebody else');
    expect((await storage.keySlots!.read())?.bytes).toEqual(NEW);
    await storage.close();
  },
);
