import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env, stdout } from 'node:process';

/** The projects of a run share one environment, and each calls {@link setup}. */
const MARK = 'TMPDIR_OF_TESTS';

/**
 * Gives a run of tests a folder of its own for temporary files, and takes it away at the end: what a test that fails, or a
 * process that it kills, leaves behind goes with it. QPC_KEEP_FILES=1 keeps it, to be looked at.
 *
 * @returns {undefined | (() => void)} the end
 */
export function setup() {
  if (env[MARK] !== undefined) return undefined;
  const before = env['TMPDIR'];
  const folder = mkdtempSync(join(tmpdir(), 'qpc-test-'));
  // PostgreSQL runs as another user than root, and has to get to its own folder in here.
  chmodSync(folder, 0o711);
  env[MARK] = env['TMPDIR'] = folder;
  return () => {
    if (env['QPC_KEEP_FILES'] === '1') stdout.write(`Temporary files are in ${folder}\n`);
    else rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    delete env[MARK];
    if (before === undefined) delete env['TMPDIR'];
    else env['TMPDIR'] = before;
  };
}
