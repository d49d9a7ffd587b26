import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installOutside } from '@quicprochat/testkit';
import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** npm with an empty cache and a registry that nobody serves. */
async function unreachable() {
  const cache = await mkdtemp(join(tmpdir(), 'qpc-npm-'));
  const env = {
    npm_config_registry: 'http://127.0.0.1:9',
    npm_config_cache: cache,
    npm_config_fetch_retries: '0',
  };
  return () => installOutside({ env });
}

test('in CI, a registry that cannot be reached is an error that says so', async () => {
  vi.stubEnv('CI', 'true');
  const install = await unreachable();
  await expect(install()).rejects.toThrow('npm cannot reach its registry');
});

test('on a person’s machine, what was left out is printed', async () => {
  vi.stubEnv('CI', undefined);
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const install = await unreachable();
  expect(await install()).toBeUndefined();
  expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('npm cannot reach its registry'));
});

test('any other failure of npm is an error on a person’s machine, too', async () => {
  vi.stubEnv('CI', undefined);
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const template = await mkdtemp(join(tmpdir(), 'qpc-template-'));
  await writeFile(join(template, 'package.json'), '{ "dependencies": { "third": "nonsense:1" } }');
  await expect(installOutside({ template })).rejects.toThrow('EUNSUPPORTEDPROTOCOL');
  expect(warn).not.toHaveBeenCalled();
});
