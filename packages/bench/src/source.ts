import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Where and of what figures are. Nothing that names the machine or its folders. */
export interface Source {
  commit: string;
  /** Whether the tree held changes that no commit has. */
  changed: boolean;
  date: string;
  cpu: string;
  cores: number;
}

export function source(): Source {
  return {
    commit: git('rev-parse', 'HEAD'),
    changed: git('status', '--porcelain', '--untracked-files=no') !== '',
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
  };
}

/** The version of a package that a room has installed, this one if none is named. */
export function installedVersion(name: string, room = 'packages/bench'): string {
  const file = new URL(`../../../${room}/node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function git(...args: string[]): string {
  return execFileSync('git', args, { encoding: 'utf8' }).trim();
}
