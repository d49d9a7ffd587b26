// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test } from 'vitest';
import { render, type Rendered } from '../../../test/render.ts';
import { useGuardedDrops } from './use-guarded-drops.ts';

function Page() {
  useGuardedDrops();
  return (
    <>
      <p>text</p>
      <textarea />
    </>
  );
}

let shown: Rendered;
beforeEach(async () => {
  shown = await render(<Page />);
});
afterEach(() => shown.unmount());

/** Tells whether the browser is kept from doing what it would, and the effect that the pointer shows. */
function drag(kind: 'dragover' | 'drop', place: string, types: readonly string[]) {
  const event = new Event(kind, { bubbles: true, cancelable: true });
  const dataTransfer = { types, dropEffect: 'copy' };
  Object.defineProperty(event, 'dataTransfer', { value: dataTransfer });
  shown.element.querySelector(place)?.dispatchEvent(event);
  return [event.defaultPrevented, dataTransfer.dropEffect];
}

test.each(['dragover', 'drop'] as const)('%s: the browser opens no file, wherever it is', (kind) => {
  expect(drag(kind, 'p', ['Files'])).toEqual([true, 'copy']);
  expect(drag(kind, 'textarea', ['Files', 'text/plain'])).toEqual([true, 'copy']);
});

test.each(['dragover', 'drop'] as const)('%s: text goes into a text box, and a link nowhere else', (kind) => {
  expect(drag(kind, 'textarea', ['text/plain'])).toEqual([false, 'copy']);
  expect(drag(kind, 'p', ['text/uri-list', 'text/plain'])).toEqual([true, 'none']);
});

test('the page lets go when it is closed', async () => {
  await shown.unmount();
  const event = new Event('drop', { bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
  expect(event.defaultPrevented).toBe(false);
});
