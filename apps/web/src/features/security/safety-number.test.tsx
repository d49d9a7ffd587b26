// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest';
import { ClientProvider } from '@quicprochat/react';
import { FakeClient } from '../../../test/fake-client.ts';
import { render, type Rendered } from '../../../test/render.ts';
import { SafetyNumber, type Verdict } from './safety-number.tsx';

const OLD = '1'.repeat(60);
const NEW = '2'.repeat(60);

let shown: Rendered | undefined;
afterEach(() => shown?.unmount());

/** The opened fold of a contact called bob. */
async function open(client: FakeClient, verdict: Verdict) {
  const at = (now: Verdict) => (
    <ClientProvider client={client.real}>
      <SafetyNumber handle="bob" verdict={now} />
    </ClientProvider>
  );
  const rendered = await render(at(verdict));
  shown = rendered;
  await rendered.act(() => {
    const fold = rendered.element.querySelector('details')!;
    fold.open = true;
    fold.dispatchEvent(new Event('toggle'));
  });
  const labels = () => [...rendered.element.querySelectorAll('button')].map(({ textContent }) => textContent);
  const press = (label: string) =>
    rendered.act(() => {
      const button = [...rendered.element.querySelectorAll('button')].find(
        (one) => one.textContent === label,
      );
      if (button === undefined) throw new Error(`No button “${label}” among ${labels().join(', ')}`);
      button.click();
    });
  const text = () => rendered.element.textContent.replaceAll(' ', '');
  return { rendered, labels, press, text, at };
}

describe('SafetyNumber', () => {
  it('confirms the number that is shown', async () => {
    const client = new FakeClient();
    const { press, text, labels } = await open(client, 'unverified');
    expect(text()).toContain(OLD);
    expect(labels()).toEqual(['It matches: mark as verified']);
    await press('It matches: mark as verified');
    expect(client.decisions).toEqual([`verify bob ${OLD}`]);
  });

  it('does not put the number of a new key under the button: the person asks for it, and compares again', async () => {
    const client = new FakeClient();
    const { rendered, press, text, labels, at } = await open(client, 'unverified');
    await rendered.act(() => client.change(() => (client.digits = NEW)));
    await rendered.show(at('changed'));
    expect(labels()).toEqual(['Show the new number']);
    expect(text()).not.toContain(NEW);
    expect(rendered.element.querySelector('[role="alert"] p')?.textContent).toContain('bob changed just now');
    await press('Show the new number');
    expect(text()).toContain(NEW);
    await press('It matches: mark as verified');
    expect(client.decisions).toEqual([`verify bob ${NEW}`]);
  });

  it('shows why a number was not accepted', async () => {
    const client = new FakeClient();
    const { press, text } = await open(client, 'unverified');
    // The key changes, and the page has not heard of it yet.
    client.digits = NEW;
    await press('It matches: mark as verified');
    expect(client.decisions).toEqual([]);
    expect(text()).toContain('unexpectederror');
  });

  it('rejects a changed key, and goes back to the earlier one without an alarm', async () => {
    const client = new FakeClient();
    client.digits = NEW;
    client.hasChanged = true;
    const { rendered, press, text, at } = await open(client, 'changed');
    const { reject } = client.contacts;
    client.contacts.reject = async (...options) => {
      await reject(...options);
      client.change(() => (client.digits = OLD));
    };
    await press('It does not match: reject the new key');
    await rendered.show(at('unverified'));
    expect(client.decisions).toEqual([`reject bob ${NEW}`]);
    expect(text()).toContain(OLD);
    expect(rendered.element.querySelector('[role="alert"] p')).toBeNull();
  });

  it('removes a verification by a call of its own, and offers a rejection only for a changed key', async () => {
    const client = new FakeClient();
    const { press, labels } = await open(client, 'verified');
    expect(labels()).toEqual(['Remove the verification']);
    await press('Remove the verification');
    expect(client.decisions).toEqual([`unverify bob ${OLD}`]);
  });
});
