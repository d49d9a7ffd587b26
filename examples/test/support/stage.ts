import { join } from 'node:path';
import {
  CHROMIUM,
  CHROMIUM_FLAGS,
  freePort,
  installOutside,
  startRelay,
  type OutsideProject,
  type RelayProcess,
} from '@quicprochat/testkit';
import { chromium, type Browser } from 'playwright-core';

/** A third party's project, a relay that allows its pages, and a browser. */
export interface Stage {
  readonly project: OutsideProject;
  readonly relay: RelayProcess;
  readonly browser: Browser;
  /** Where the project's development server is to be, and where its built pages are. */
  readonly dev: URL;
  readonly built: URL;
  close(): Promise<void>;
}

/** Undefined if npm cannot reach its registry, which CI does not allow. */
export async function openStage(example: string): Promise<Stage | undefined> {
  const project = await installOutside({ template: join(import.meta.dirname, '../..', example) });
  if (project === undefined) return undefined;
  const dev = new URL(`http://localhost:${await freePort()}/`);
  const built = new URL(`http://localhost:${await freePort()}/`);
  const relay = await startRelay({ env: { QPC_ORIGINS: `${dev.origin},${built.origin}` } });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS });
  return {
    project,
    relay,
    browser,
    dev,
    built,
    close: async () => {
      await browser.close();
      await relay.stop();
      await project.remove();
    },
  };
}
