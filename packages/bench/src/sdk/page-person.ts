import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsdown';
import { startPages, type Pages } from '../pages.ts';
import type { AllActs, Person } from './person.ts';

const ENTRY = fileURLToPath(new URL('page.ts', import.meta.url));

/** A browser whose pages run the built SDK of a checkout, bundled as an application would. */
export interface Site extends AsyncDisposable {
  origin: string;
  person(): Promise<Person>;
}

export async function startSite(root: string): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-bench-page-'));
  const built = join(root, 'packages/sdk/dist');
  await bundle(join(built, 'index.js'), folder);
  const pages = await startPages(async (pathname) => {
    if (pathname === '/index.html') return '<!doctype html><title>bench</title>';
    const from = pathname === '/page.js' ? folder : built;
    return readFile(join(from, pathname.slice(1))).catch(() => undefined);
  });
  return {
    origin: pages.origin,
    person: () => personIn(pages),
    [Symbol.asyncDispose]: async () => {
      await pages.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function bundle(sdk: string, outDir: string): Promise<void> {
  await build({
    config: false,
    entry: { page: ENTRY },
    outDir,
    format: 'esm',
    fixedExtension: false,
    platform: 'browser',
    deps: { alwaysBundle: [/.*/] },
    inputOptions: { resolve: { alias: { '@quicprochat/sdk': sdk }, conditionNames: ['import', 'default'] } },
    dts: false,
    clean: false,
    logLevel: 'error',
  });
}

async function personIn(pages: Pages): Promise<Person> {
  const page = await pages.open('/page.js', 'act');
  return {
    ask: <Name extends keyof AllActs>(name: Name, ...[parameter]: Parameters<AllActs[Name]>) =>
      page.evaluate(
        ([act, given]) =>
          (globalThis as unknown as { act(name: string, given: unknown): Promise<unknown> }).act(act, given),
        [name, parameter] as const,
      ) as ReturnType<AllActs[Name]>,
    [Symbol.asyncDispose]: () => page.context().close(),
  };
}
