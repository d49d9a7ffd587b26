// Before a package is packed: builds it and what it is made of, and puts the licence texts beside its manifest. Refuses
// packers that leave `catalog:` in the manifest, which nobody outside this repository can install.
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

if (!process.env.npm_config_user_agent?.startsWith('pnpm/')) {
  console.error(
    'prepack: use `pnpm pack`. Other packers leave versions in the manifest that only pnpm understands.',
  );
  process.exit(1);
}
const turbo = join(ROOT, 'node_modules/turbo/bin/turbo');
const build = ['run', 'build', `--filter=${process.env.npm_package_name}`, '--output-logs=errors-only'];
const { status } = spawnSync(process.execPath, [turbo, ...build], { cwd: ROOT, stdio: ['ignore', 2, 2] });
if (status !== 0) process.exit(status ?? 1);
for (const file of ['LICENSE-APACHE', 'LICENSE-MIT'])
  copyFileSync(join(ROOT, file), join(process.cwd(), file));
