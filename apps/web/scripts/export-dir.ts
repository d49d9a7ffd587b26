import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inlineScriptHashes, problemsOf, withPolicy } from './page.ts';
import { pagePolicy, securityHeaders } from './policy.ts';

/**
 * Seals an exported site for one relay: the policy goes into every page, the headers into `_headers` (the form that
 * static hosts read, and scripts/serve.ts), and the relay's address into `config.json`, where the page looks it up.
 * Sealing again for another relay replaces all three: the site need not be built again.
 *
 * @throws {Error} where a page holds something that the policy forbids
 */
export async function sealExport(dir: string, relay: string): Promise<{ pages: number; scripts: number }> {
  const pages = (await readdir(dir, { recursive: true })).filter((name) => name.endsWith('.html'));
  const all = new Set<string>();
  for (const name of pages) {
    const path = join(dir, name);
    const html = await readFile(path, 'utf8');
    const problems = problemsOf(html);
    if (problems.length > 0) throw new Error(`${name} has ${problems.join(' and ')}.`);
    const scriptHashes = inlineScriptHashes(html);
    for (const hash of scriptHashes) all.add(hash);
    await writeFile(path, withPolicy(html, pagePolicy({ relay, scriptHashes })));
  }
  await writeFile(join(dir, '_headers'), headersFile(securityHeaders({ relay, scriptHashes: [...all] })));
  await writeFile(join(dir, 'config.json'), `${JSON.stringify({ relay })}\n`);
  return { pages: pages.length, scripts: all.size };
}

/** The `_headers` of a sealed site, as name and value. */
export async function readHeaders(dir: string): Promise<Record<string, string>> {
  const text = await readFile(join(dir, '_headers'), 'utf8');
  const lines = text.split('\n').filter((line) => line.startsWith('  '));
  return Object.fromEntries(
    lines.map((line) => [line.slice(2, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
}

function headersFile(headers: Record<string, string>): string {
  return `/*\n${Object.entries(headers)
    .map(([name, value]) => `  ${name}: ${value}\n`)
    .join('')}`;
}
