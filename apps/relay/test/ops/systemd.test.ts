import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { envSchema } from '../../src/env.ts';
import { OPS, testWith, tool } from '../support/tool.ts';

const unit = readFileSync(new URL('systemd/qpc-relay.service', OPS), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'qpc-unit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function valueOf(name: string): string {
  const found = [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);
  expect(found).toHaveLength(1);
  return found[0] ?? '';
}

/** The unit where this machine's Node is, since the check wants the program to be there. */
function unitHere(): string {
  const path = join(folder, 'qpc-relay.service');
  writeFileSync(path, unit.replace('ExecStart=/usr/bin/node', `ExecStart=${process.execPath}`));
  return path;
}

const withSystemd = testWith('systemd-analyze', 'systemd');

withSystemd('systemd takes the unit', () => {
  expect(tool('systemd-analyze', ['verify', unitHere()])).toEqual({ exit: 0, output: '' });
});

withSystemd('the unit shuts the relay in: its exposure is at most 2.0 of 10', () => {
  const words = ['security', '--offline=true', '--threshold=20', unitHere()];
  expect(tool('systemd-analyze', words).exit).toBe(0);
});

test('it starts the file that the bundle makes, with variables that are the relay’s', () => {
  expect(valueOf('ExecStart')).toBe('/usr/bin/node /usr/lib/qpc-relay/lib/qpc-relay.js');
  const set = valueOf('Environment')
    .split(' ')
    .map((pair) => pair.split('='))
    .filter(([name]) => name !== 'NODE_ENV');
  expect(envSchema.partial().safeParse(Object.fromEntries(set)).success).toBe(true);
  expect(valueOf('Environment')).toContain('QPC_PRODUCTION=true');
});

test('the data lies in the folder that systemd makes, for the relay alone', () => {
  expect(valueOf('Environment')).toContain(
    `QPC_DATABASE=sqlite:/var/lib/${valueOf('StateDirectory')}/relay.db`,
  );
  expect([valueOf('StateDirectoryMode'), valueOf('DynamicUser')]).toEqual(['0700', 'yes']);
});

test('wrong settings are not tried again and again, and a drain has its time', () => {
  expect([valueOf('Restart'), valueOf('RestartPreventExitStatus')]).toEqual(['on-failure', '3']);
  expect(Number(valueOf('TimeoutStopSec'))).toBeGreaterThan(10);
});
