// @vitest-environment happy-dom
import { expect, test } from 'vitest';
import { render } from '../../../test/render.ts';
import { CatchingUpNotice } from './catching-up-notice.tsx';

test.each([
  [undefined, ''],
  [{ entries: 199 }, ''],
  [{ entries: 3_000 }, 'Catching up: 3,000 messages and changes so far'],
])('%j shows “%s”', async (progress, text) => {
  const { element, unmount } = await render(<CatchingUpNotice progress={progress} />);
  expect(element.textContent).toBe(text);
  await unmount();
});
