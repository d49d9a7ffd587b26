// @vitest-environment happy-dom
import { expect, test } from 'vitest';
import { render } from '../../test/render.ts';
import { Sheet } from './sheet.tsx';

test.each([
  ['Escape closes it', {}, 1],
  ['Escape that ends a composition does not', { isComposing: true, keyCode: 229 }, 0],
  ['Escape with the code 229, which is all that Safari says of it, does not', { keyCode: 229 }, 0],
])('%s', async (_what, how, times) => {
  let closed = 0;
  const shown = await render(
    <Sheet title="People" onClose={() => closed++}>
      <input />
    </Sheet>,
  );
  const press = new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true, ...how });
  await shown.act(() => shown.element.querySelector('input')?.dispatchEvent(press));
  expect(closed).toBe(times);
  await shown.unmount();
});
