import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

/**
 * Builds the native contenders, optimised exactly as the core ships (Cargo.toml's release profile), and gives the
 * program's path. Cargo looks for itself whether there is anything to do.
 */
export function buildNative(): string {
  const args = ['build', '--release', '--locked', '-p', 'quicprochat-core', '--bench', 'peer'];
  const { status, stdout, error } = spawnSync(
    'cargo',
    [...args, '--message-format=json-render-diagnostics'],
    {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  if (error !== undefined || status !== 0) {
    throw new Error(
      'The native contenders could not be built: they need Rust (or use --contenders wasm,ts-mls).',
    );
  }
  const programs = stdout.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    const { executable } = JSON.parse(line) as { executable?: string | null };
    return executable == null ? [] : [executable];
  });
  const program = programs.at(-1);
  if (program === undefined) throw new Error('cargo built no program');
  return program;
}
