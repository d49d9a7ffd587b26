import { readFileSync } from 'node:fs';
import { installedVersion, source } from '../source.ts';
import type { Environment } from './results.ts';

/** Where and of what the figures are. Nothing that names the machine or its folders. */
export function environment(chromium: string | undefined): Environment {
  return {
    ...source(),
    versions: {
      node: process.versions.node,
      openmls: lockedVersion('openmls'),
      'ts-mls': installedVersion('ts-mls'),
      'core-crypto': installedVersion('@wireapp/core-crypto'),
      ...(chromium === undefined ? {} : { chromium }),
    },
  };
}

function lockedVersion(crate: string): string {
  const lock = readFileSync(new URL('../../../../Cargo.lock', import.meta.url), 'utf8');
  return new RegExp(`name = "${crate}"\\nversion = "([^"]+)"`).exec(lock)?.[1] ?? 'unknown';
}
