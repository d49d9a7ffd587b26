import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, Stage } from './browser.ts';

describe.skipIf(!hasBrowser)('a relay that does not allow the page’s origin any more', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  test('names the setting that the operator must change, in the banner', async () => {
    const nina = await stage.person('nina');
    // As such a relay answers: a page of this origin may not read it.
    const headers = { 'access-control-allow-origin': 'https://another.example' };
    await nina.page.route(`${stage.relay.url}/**`, (route) =>
      route.fulfill({ status: 404, headers, body: '' }),
    );
    await nina.page.reload();
    const banner = nina.page.getByRole('status').filter({ hasText: 'Offline.' });
    await banner.getByText(`add ${stage.url} to its QPC_ORIGINS`).waitFor();
    expect(await banner.getByText('You can read everything here.').count()).toBe(0);
    await nina.page.unroute(`${stage.relay.url}/**`);
    await nina.page.getByText('Connected').waitFor();
    await banner.waitFor({ state: 'detached' });
  });
});
