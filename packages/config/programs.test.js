import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env as environment, execPath } from 'node:process';
import { expect, test } from 'vitest';

const SCRIPTS = join(import.meta.dirname, '../../scripts');

/** As rustup's cargo does without a toolchain. */
const SHIM = `#!/bin/sh
echo "error: rustup could not choose a version of cargo to run, because one wasn't specified explicitly, and no default is configured." >&2
echo "help: run 'rustup default stable' to download the latest stable release of Rust and set it as your default toolchain." >&2
exit 1
`;

/** A machine on whose PATH are Node and these programs, each of which does nothing, or what its text says. */
function machine(programs) {
  const home = mkdtempSync(join(tmpdir(), 'qpc-machine-'));
  const bin = join(home, 'bin');
  mkdirSync(bin);
  symlinkSync(execPath, join(bin, 'node'));
  for (const [name, text = '#!/bin/sh\n'] of programs) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  const CHROMIUM_PATH = programs.has('chromium') ? join(bin, 'chromium') : join(home, 'nowhere');
  return { PATH: bin, HOME: home, CARGO_HOME: join(home, 'cargo'), CHROMIUM_PATH };
}

function run(script, env, ...args) {
  const { status, stdout, stderr } = spawnSync(execPath, [join(SCRIPTS, script), ...args], {
    encoding: 'utf8',
    env,
  });
  return { status, said: stdout + stderr };
}

const ALL = new Map(
  [
    'caddy',
    'cargo',
    'chromium',
    'initdb',
    'make',
    'nats-server',
    'openssl',
    'postgres',
    'prlimit',
    'promtool',
  ]
    .concat(['systemd-analyze', 'versitygw'])
    .map((name) => [name, undefined]),
);
const without = (...names) => new Map([...ALL].filter(([name]) => !names.includes(name)));

test('with every program, the check passes and says nothing', () => {
  expect(run('check-programs.mjs', { ...machine(ALL), CI: 'true' })).toEqual({ status: 0, said: '' });
});

test('CI is told once, in a sentence for each, which programs it lacks, and fails', () => {
  const lacking = machine(without('versitygw', 'chromium', 'promtool'));
  const { status, said } = run('check-programs.mjs', { ...lacking, CI: 'true' });
  expect(status).toBe(1);
  expect(said.trim().split('\n')).toEqual([
    'CI requires programs that are not installed. No test was run.',
    expect.stringMatching(/^- The tests in a browser need Chromium: .*nowhere\.$/),
    expect.stringMatching(/^- Blobs on S3 need versitygw: .*go install/),
    '- The alerts need promtool: install the Debian package "prometheus".',
  ]);
});

test('a person is told what is skipped, and the tests start', () => {
  const { status, said } = run('check-programs.mjs', machine(without('versitygw')));
  expect(status).toBe(0);
  expect(said).toMatch(/^Some tests are skipped.*\n- Blobs on S3 need versitygw/);
});

test.each([
  ['without cargo', without('cargo'), 'cargo is not installed. Install it from https://rustup.rs.'],
  [
    'with a cargo that has no toolchain',
    new Map([...ALL, ['cargo', SHIM]]),
    /cargo is installed but does not run: rustup could not choose .*`rustup default stable`/,
  ],
])('%s, the Rust tests are skipped, in CI too, and the cause is named', (_how, programs, cause) => {
  const env = { ...machine(programs), CI: 'true' };
  const sentence = typeof cause === 'string' ? expect.stringContaining(cause) : expect.stringMatching(cause);
  expect(run('check-programs.mjs', env)).toEqual({ status: 0, said: sentence });
  expect(run('cargo.mjs', env, 'test', 'quicprochat-core')).toEqual({ status: 0, said: sentence });
  expect(run('cargo-here.mjs', env)).toEqual({ status: 1, said: sentence });
});

test('a subcommand of cargo that is not there is named', () => {
  const cargo = '#!/bin/sh\n[ "$1" = --version ]\n';
  const { status, said } = run(
    'cargo.mjs',
    machine(new Map([...ALL, ['cargo', cargo]])),
    'lint',
    'quicprochat-core',
  );
  expect(status).toBe(0);
  expect(said).toContain('cargo fmt is not installed. Install it: `rustup component add rustfmt`.');
  expect(said).toContain('cargo clippy is not installed. Install it: `rustup component add clippy`.');
});

test('the root’s test command makes the check before it starts', () => {
  const env = { ...environment, ...machine(without('versitygw')), CI: 'true' };
  const { scripts } = JSON.parse(
    spawnSync(execPath, ['-p', 'JSON.stringify(require("./package.json"))'], {
      cwd: join(SCRIPTS, '..'),
      encoding: 'utf8',
    }).stdout,
  );
  const before = scripts.test.slice(0, scripts.test.indexOf('turbo'));
  const { status, stderr } = spawnSync('/bin/sh', ['-c', `${before} echo the tests start`], {
    cwd: join(SCRIPTS, '..'),
    env,
    encoding: 'utf8',
  });
  expect(status).toBe(1);
  expect(stderr).toContain('versitygw');
});
