import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSqlite } from '@quicprochat/relay';
import { startRelay } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { TestDevice } from '../../../packages/relay/test/support/device.ts';
import { TestGroup } from '../../../packages/relay/test/support/group.ts';
import { faultOf } from '../src/fault.ts';

test('a fault is told by its kind and its place, not by its message, whatever that looks like', () => {
  const fault = faultOf(new TypeError('canary "x"\n    at canary (canary.ts:1:1)'));
  expect(fault).toMatch(/^TypeError at .*fault\.test\.ts/);
  expect(fault).not.toContain('canary');
  expect(fault.split(' at ').length).toBeLessThanOrEqual(4);
});

test('a code is told, and what is no error is told as what it is', () => {
  expect(faultOf(Object.assign(new Error('canary'), { code: 'SQLITE_FULL' }))).toMatch(
    /^Error SQLITE_FULL at /,
  );
  expect(faultOf('canary')).toBe('string');
});

test('RLY-93 the log of a relay in use, at its most talkative and with a fault, names nobody', async () => {
  const relay = await startRelay({ env: { QPC_LOG_LEVEL: 'debug' } });
  const device = await new TestDevice(relay.url, 'canary-handle').register();
  const group = await new TestGroup(relay.url).create();
  await group.post('canary-text');
  const database = await openSqlite(join(relay.folder, 'relay.db'));
  await database.schema.alterTable('entries').renameTo('elsewhere').execute();
  await database.destroy();
  await expect(group.post('canary-text')).rejects.toThrow('INTERNAL');
  await relay.stop();

  const log = readFileSync(join(relay.folder, 'relay.log'), 'utf8');
  expect(log).toMatch(/"incident":"[\w-]{36}","fault":"SqliteError SQLITE_ERROR /);
  expect(log).toContain('the relay has stopped');
  const handles = [
    'canary',
    device.id,
    group.id,
    device.token,
    Buffer.from('canary-text').toString('base64url'),
  ];
  for (const secret of handles) expect(log).not.toContain(secret);
  expect(log.replaceAll(/serves at http:\/\/\S+ \(state: http:\/\/\S+\)/g, '')).not.toContain('127.0.0.1');
});
