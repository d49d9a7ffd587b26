import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Environment } from './results.ts';

/** Where and of what the figures are. Nothing that names the machine or its folders. */
export function environment(chromium: string | undefined): Environment {
  return {
    commit: git('rev-parse', 'HEAD'),
    changed: git('status', '--porcelain', '--untracked-files=no') !== '',
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    versions: {
      node: process.versions.node,
      openmls: lockedVersion('openmls'),
      'ts-mls': installedVersion('ts-mls/package.json'),
      'core-crypto': installedVersion('@wireapp/core-crypto/package.json'),
      ...(chromium === undefined ? {} : { chromium }),
    },
  };
}

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8' }).trim();
}

function lockedVersion(crate: string): string {
  const lock = readFileSync(new URL('../../../../Cargo.lock', import.meta.url), 'utf8');
  return new RegExp(`name = "${crate}"\\nversion = "([^"]+)"`).exec(lock)?.[1] ?? 'unknown';
}

function installedVersion(manifest: string): string {
  const file = new URL(`../../node_modules/${manifest}`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
