import { findPlaintext } from '@quicprochat/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, Stage } from './browser.ts';

describe.skipIf(!hasBrowser)('the web client in Chromium', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  });
  afterAll(async () => {
    await stage[Symbol.asyncDispose]();
  });

  test('two profiles talk, one is removed, and both still have their history after a reload', async () => {
    const [alice, bob] = [await stage.person('alice'), await stage.person('bob')];
    await alice.createConversation('Tea at four', ['bob']);
    await bob.openConversation('Tea at four');
    await alice.send('canary: shall we?');
    expect(await bob.sees('canary: shall we?')).toBe(1);
    await bob.send('canary: with pleasure');
    expect(await alice.sees('canary: with pleasure')).toBe(1);
    await alice.page.getByText('Sent', { exact: true }).waitFor();
    expect(await alice.authenticator()).toBe(await bob.authenticator());

    await alice.page.getByRole('button', { name: 'People' }).click();
    await alice.page.getByRole('button', { name: 'Remove bob' }).click();
    await alice.page.getByRole('button', { name: 'Remove', exact: true }).last().click();
    await bob.page.getByText('You were removed', { exact: false }).first().waitFor();
    expect(await bob.page.getByLabel('Message', { exact: true }).count()).toBe(0);
    await alice.page.keyboard.press('Escape');
    await alice.send('canary: without bob');
    await alice.sees('canary: without bob');

    for (const person of [alice, bob]) {
      await person.page.reload();
      expect(await person.sees('canary: shall we?')).toBe(1);
      expect(await person.sees('canary: with pleasure')).toBe(1);
    }
    expect(await bob.page.getByText('canary: without bob').count()).toBe(0);
  });

  test('without a relay the history is there, and what is written goes out when it is back', async () => {
    const [carol, dora] = [await stage.person('carol'), await stage.person('dora')];
    await carol.createConversation('Garden', ['dora']);
    await carol.send('before the storm');
    await dora.openConversation('Garden');
    await dora.sees('before the storm');

    await stage.relay.stop();
    await carol.page.reload();
    await carol.sees('before the storm');
    await carol.page.getByText('Offline.').waitFor();
    await carol.send('canary: into the dark');
    await carol.page.getByText('Waiting to be sent').waitFor();
    await stage.relay.start();
    expect(await dora.sees('canary: into the dark')).toBe(1);
    await carol.page.getByText('Waiting to be sent').waitFor({ state: 'detached' });
  });

  test('two tabs of one profile at once: nothing is lost, doubled or broken, and both show all', async () => {
    const [emil, fanny] = [await stage.person('emil'), await stage.person('fanny')];
    await emil.createConversation('Tabs', ['fanny']);
    const second = await emil.openTab();
    await emil.openConversation('Tabs', second);
    await fanny.openConversation('Tabs');
    for (let i = 1; i <= 5; i++) {
      await Promise.all([emil.send(`left ${i}`), emil.send(`right ${i}`, second), fanny.send(`fanny ${i}`)]);
    }
    for (const [person, page] of [
      [emil, emil.page],
      [emil, second],
      [fanny, fanny.page],
    ] as const) {
      for (let i = 1; i <= 5; i++) {
        for (const from of ['left', 'right', 'fanny'])
          expect(await person.sees(`${from} ${i}`, page)).toBe(1);
      }
    }
    await emil.page.close();
    await emil.send('the second tab goes on', second);
    expect(await fanny.sees('the second tab goes on')).toBe(1);
  });

  test('what others write is text, whatever it looks like', async () => {
    const [greta, hugo] = [await stage.person('greta'), await stage.person('hugo')];
    const hostile = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
    await greta.createConversation(hostile, ['hugo']);
    await hugo.openConversation(hostile);
    await greta.send(`javascript:alert(1) ${hostile}`);
    expect(await hugo.sees(`javascript:alert(1) ${hostile}`)).toBe(1);
    expect(await hugo.page.title()).not.toContain('owned');
    expect(await hugo.page.locator('img[src="x"]').count()).toBe(0);
  });

  test('a handle that is taken, and a person whom nobody knows, are told in a sentence', async () => {
    const ida = await stage.person('ida');
    await ida.page.getByRole('button', { name: 'New conversation' }).first().click();
    await ida.page.getByLabel('People').fill('nobody-at-all');
    await ida.page.getByRole('button', { name: 'Create', exact: true }).click();
    await ida.page.getByText('Nobody has the handle “nobody-at-all”.').waitFor();
  });

  test('through all of that no page broke its policy or complained, and the relay holds none of the texts', async () => {
    expect(stage.complaints).toEqual([]);
    const canaries = ['canary: shall we?', 'canary: with pleasure', 'canary: into the dark', 'Tea at four'];
    expect(await findPlaintext(stage.relay.folder, canaries)).toEqual([]);
  });
});
