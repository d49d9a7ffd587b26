import { execFileSync, spawnSync } from 'node:child_process';

/** What there is to say where a running process cannot be limited; undefined where it can. */
export const fileLimitMissing =
  spawnSync('prlimit', ['--version']).status === 0
    ? undefined
    : 'Writes that the system refuses were left out: install the Debian package "util-linux".';

/**
 * From now on the system lets a process write no file beyond so many bytes: the write that reaches them is cut short, as on
 * a full disk, and those after it fail. Without `bytes` it is over.
 */
export function limitFiles(pid: number, bytes: number | undefined): void {
  // The upper limit stays as it is: only root could put it up again.
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes ?? 'unlimited'}:`]);
}
