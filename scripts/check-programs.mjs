// Says once, before any test starts, which programs of this machine are missing. CI requires all but Rust, and fails;
// elsewhere the tests that need them are left out.
import { spawnSync } from 'node:child_process';
import { chromiumMissing } from '../packages/testkit/src/people/chromium.ts';
import { natsMissing } from '../packages/testkit/src/servers/nats-server.ts';
import { postgresMissing } from '../packages/testkit/src/servers/postgres-programs.ts';
import { s3Missing } from '../packages/testkit/src/servers/s3-server.ts';
import { cargoMissing } from './cargo-here.mjs';

/** Programs that are found by PATH: what needs them, and the Debian package that has them. */
const ON_PATH = [
  ['openssl', 'Push messages over TLS', 'openssl'],
  ['prlimit', 'Disks that are full', 'util-linux'],
  ['promtool', 'The alerts', 'prometheus'],
  ['caddy', 'The proxy in front of relays', 'caddy'],
  ['systemd-analyze', 'The systemd units', 'systemd'],
  ['make', 'The OpenWrt package', 'make'],
];

const required = [
  chromiumMissing,
  postgresMissing,
  natsMissing,
  s3Missing,
  ...ON_PATH.map(([program, what, debian]) =>
    isOnPath(program) ? undefined : `${what} need ${program}: install the Debian package "${debian}".`,
  ),
].filter((sentence) => sentence !== undefined);
const rust = cargoMissing();

if (rust !== undefined) console.log(`The tests of the Rust crates are skipped: ${rust}`);
if (required.length > 0) {
  const isCi = process.env.CI !== undefined;
  const heading = isCi
    ? 'CI requires programs that are not installed. No test was run.'
    : 'Some tests are skipped because programs are not installed.';
  const lines = [heading, ...required.map((sentence) => `- ${sentence}`)];
  (isCi ? console.error : console.warn)(lines.join('\n'));
  if (isCi) process.exitCode = 1;
}

function isOnPath(program) {
  return spawnSync('/bin/sh', ['-c', `command -v ${program}`]).status === 0;
}
