// Before a package is packed: puts the licence texts beside its manifest, and refuses packers that leave `catalog:` in
// it, which nobody outside this repository can install.
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
for (const file of ['LICENSE-APACHE', 'LICENSE-MIT'])
  copyFileSync(join(ROOT, file), join(process.cwd(), file));
