import { spawnSync } from 'node:child_process';
import { test } from 'vitest';

/** The folder with what operators run the relay by. */
export const OPS = new URL('../../../../ops/', import.meta.url);

/** Runs a program of the machine's to its end. */
export function tool(
  command: string,
  words: readonly string[],
  options: { cwd?: URL; env?: NodeJS.ProcessEnv } = {},
) {
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8', ...options });
  return { exit: status, output: `${stdout}${stderr}` };
}

/**
 * Tests that need such a program. Where it is not, they are left out and say how to get it; in CI, which has to have it,
 * they fail with the same sentence.
 */
export function testWith(command: string, debianPackage: string): (title: string, run: () => void) => void {
  if (tool('/bin/sh', ['-c', `command -v ${command}`]).exit === 0) return test;
  const how = `${command} is not here: apt-get install ${debianPackage}`;
  if (process.env['CI'] !== undefined)
    return (title) =>
      test(title, () => {
        throw new Error(how);
      });
  return (title, run) => test.skip(`${title} (${how})`, run);
}
