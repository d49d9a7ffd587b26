import { join } from 'node:path';
import { sealExport } from './export-dir.ts';
import { relayAddress } from './relay-address.ts';

/** `node scripts/seal.ts [DIR]`: seals the exported site for the relay at QPC_RELAY. Part of the build. */
const dir = process.argv[2] ?? join(import.meta.dirname, '../out');
try {
  const relay = relayAddress(process.env);
  const { pages, scripts } = await sealExport(dir, relay);
  console.log(`Sealed ${pages} pages (${scripts} inline scripts) for the relay at ${relay}.`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
