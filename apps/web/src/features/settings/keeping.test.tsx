// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FakeClient } from '../../../test/fake-client.ts';
import { render, type Rendered } from '../../../test/render.ts';

let shown: Rendered | undefined;
afterEach(async () => {
  await shown?.unmount();
  browserThat(undefined);
  // What is known of the browser is kept for as long as the page lives.
  vi.resetModules();
});

function browserThat(storage: Partial<StorageManager> | undefined): void {
  Object.defineProperty(navigator, 'storage', { configurable: true, value: storage });
}

async function afterRegistering() {
  const { askToKeep } = await import('./keeping.ts');
  const { AccountNews } = await import('./account-news.tsx');
  const rendered = await render(<AccountNews />);
  shown = rendered;
  await rendered.act(() => askToKeep({ isNews: true }));
  return rendered;
}

describe('a new account', () => {
  it.each([
    ['keeps it', true, 'The browser keeps it until you clear this site’s data.'],
    ['promises nothing', false, 'The browser has not promised to keep it'],
  ])('is told of in a browser that %s', async (_case, granted, sentence) => {
    const persist = vi.fn(async () => granted);
    browserThat({ persist, persisted: async () => granted });
    const { element, act } = await afterRegistering();
    expect(persist).toHaveBeenCalledTimes(1);
    expect(element.textContent).toContain('your account lives in this browser only');
    expect(element.textContent).toContain(sentence);
    await act(() => element.querySelector('button')?.click());
    expect(element.textContent).toBe('');
  });

  it('is told of in a browser that cannot promise anything, or fails to answer', async () => {
    browserThat(undefined);
    expect((await afterRegistering()).element.textContent).toContain(
      'This browser cannot promise to keep it',
    );
    await shown?.unmount();
    const failing = () => Promise.reject(new Error('no'));
    browserThat({ persist: failing, persisted: failing });
    expect((await afterRegistering()).element.textContent).toContain('has not promised to keep it');
  });
});

it('the account’s dialog shows what the browser has promised, and asks again', async () => {
  let granted = false;
  browserThat({ persist: async () => (granted = true), persisted: async () => granted });
  const { AccountDialog } = await import('./account-dialog.tsx');
  const { ClientProvider: Provider } = await import('@quicprochat/react');
  const rendered = await render(
    <Provider client={new FakeClient().real}>
      <AccountDialog onClose={() => undefined} />
    </Provider>,
  );
  shown = rendered;
  const { element, act } = rendered;
  expect(element.textContent).toContain('has not promised to keep it');
  await act(() =>
    [...element.querySelectorAll('button')].find(({ textContent }) => textContent.startsWith('Ask'))?.click(),
  );
  expect(element.textContent).toContain('The browser keeps it');
});
