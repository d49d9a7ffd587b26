import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { envSchema, parseEnv } from '../../src/env.ts';
import { dangersOf } from '../../src/production.ts';
import { PACKAGE, readConfig, startService, type UciSection } from '../support/openwrt.ts';
import { testWith, tool } from '../support/tool.ts';

const root = mkdtempSync(join(tmpdir(), 'qpc-openwrt-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let config: UciSection;
beforeEach(() => {
  config = readConfig();
  config.options['enabled'] = '1';
  config.options['database'] = `sqlite:${join(root, 'srv/relay.db')}`;
  rmSync(join(root, 'srv'), { recursive: true, force: true });
});

/** The environment that procd would give the relay. */
function environment(): Record<string, string> {
  const pairs = startService(config)?.['env'] ?? [];
  return Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

test('as it is installed, it does not start', () => {
  expect(startService(readConfig())).toBeUndefined();
});

test('enabled with the names of examples, the relay says which lines to change', () => {
  const env = parseEnv(environment());
  if ('problems' in env) throw new Error(env.problems.join('\n'));
  expect(dangersOf(env)).toEqual([
    expect.stringMatching(/^QPC_PUBLIC_HOSTS /),
    expect.stringMatching(/^QPC_ORIGINS /),
  ]);
});

test('with names of its own it starts in earnest, and lists keep all that stands in them', () => {
  config.lists['public_host'] = ['relay.quicprochat.net', 'relay.quicprochat.net:8443'];
  config.lists['origin'] = ['https://chat.quicprochat.net'];
  const env = parseEnv(environment());
  if ('problems' in env) throw new Error(env.problems.join('\n'));
  expect(dangersOf(env)).toEqual([]);
  expect(env).toMatchObject({
    QPC_PRODUCTION: true,
    QPC_PUBLIC_HOSTS: ['relay.quicprochat.net', 'relay.quicprochat.net:8443'],
    QPC_MAX_STREAMS: 2000,
  });
});

test('each setting arrives as a variable of the relay’s, and none is left behind', () => {
  const { NODE_ENV, ...ours } = environment();
  expect(NODE_ENV).toBe('production');
  expect(envSchema.partial().safeParse(ours).success).toBe(true);
  const settings = [...Object.keys(config.options), ...Object.keys(config.lists)];
  // `enabled` is the script's own.
  expect(Object.keys(ours)).toHaveLength(settings.length - 1);
});

test('the data’s folder is made for the relay alone, which runs as a user of its own', () => {
  const instance = startService(config);
  expect(instance).toMatchObject({ user: ['qpc-relay'], group: ['qpc-relay'], no_new_privs: ['1'] });
  expect(statSync(join(root, 'srv')).mode & 0o777).toBe(0o700);
  expect(instance?.['chown']).toEqual(['qpc-relay:qpc-relay', join(root, 'srv')]);
  expect(startService(config)?.['chown']).toBeUndefined();
});

test('a drain has its time', () => {
  expect(Number(startService(config)?.['term_timeout']?.[0])).toBeGreaterThan(10);
});

testWith('make', 'make')(
  'the package holds the program, its addon for the machine, settings and script',
  () => {
    // OpenWrt's own parts of the build, as far as this package uses them.
    writeFileSync(
      join(root, 'rules.mk'),
      'INSTALL_DIR:=install -d -m0755\nINSTALL_DATA:=install -m0644\nINSTALL_CONF:=install -m0600\nINSTALL_BIN:=install -m0755\n',
    );
    writeFileSync(
      join(root, 'package.mk'),
      'define BuildPackage\nall:\n\t$(call Package/$(1)/install,$(DESTDIR))\nendef\n',
    );
    const dist = join(root, 'dist');
    for (const folder of ['lib', 'prebuilds']) mkdirSync(join(dist, folder), { recursive: true });
    for (const file of ['lib/qpc-relay.js', 'prebuilds/linuxmusl-x64.node', 'prebuilds/linuxmusl-arm64.node'])
      writeFileSync(join(dist, file), file);

    for (const [arch, addon] of [
      ['x86_64', 'linuxmusl-x64.node'],
      ['aarch64', 'linuxmusl-arm64.node'],
    ] as const) {
      const installed = join(root, arch);
      const variables = { TOPDIR: root, INCLUDE_DIR: root, DESTDIR: installed, ARCH: arch, RELAY_DIST: dist };
      const words = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
      expect(tool('make', ['-s', 'all', ...words], { cwd: PACKAGE })).toEqual({ exit: 0, output: '' });
      const files = readdirSync(installed, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(installed.length));
      // Where the init script starts it.
      const [, program = ''] = startService(config)?.['command'] ?? [];
      expect(files.sort()).toEqual(
        [
          '/etc/config/qpc-relay',
          '/etc/init.d/qpc-relay',
          program,
          `/usr/lib/qpc-relay/prebuilds/${addon}`,
        ].sort(),
      );
      expect(statSync(join(installed, 'etc/init.d/qpc-relay')).mode & 0o777).toBe(0o755);
    }
  },
);

test('settings survive an upgrade', () => {
  const makefile = readFileSync(new URL('Makefile', PACKAGE), 'utf8');
  expect(makefile).toMatch(/define Package\/qpc-relay\/conffiles\n\/etc\/config\/qpc-relay\nendef/);
});
