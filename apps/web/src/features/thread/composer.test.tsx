// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CryptoVerificationError, StorageError, UsageError } from '@quicprochat/sdk';
import { FakeConversation } from '../../../test/fake-conversation.ts';
import { render, type Rendered } from '../../../test/render.ts';
import { Composer } from './composer.tsx';

let conversation: FakeConversation;
let shown: Rendered;

async function open(): Promise<void> {
  shown = await render(<Composer conversation={conversation.real} storedDraft={conversation.draft} />);
}

beforeEach(() => {
  conversation = new FakeConversation();
});
afterEach(async () => {
  await shown.unmount();
  sessionStorage.clear();
});

function newerVersion(details = {}): StorageError {
  return new StorageError('STORE_VERSION', 'A newer version wrote this storage.', { details });
}

function box(): HTMLTextAreaElement {
  const found = shown.element.querySelector('textarea');
  if (found === null) throw new Error('there is no text box');
  return found;
}

/** As a person does it: React hears of a value only if the element's own setter was used. */
function type(text: string): Promise<void> {
  return shown.act(() => {
    Reflect.set(HTMLTextAreaElement.prototype, 'value', text, box());
    box().dispatchEvent(new Event('input', { bubbles: true }));
  });
}

/** Presses Enter; tells whether the browser was kept from adding a line. */
async function enter(how: KeyboardEventInit = {}): Promise<boolean> {
  const event = new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, ...how });
  await shown.act(() => box().dispatchEvent(event));
  return event.defaultPrevented;
}

describe('Enter', () => {
  test('sends, and Shift and Enter do not', async () => {
    await open();
    await type('tea?');
    expect(await enter({ shiftKey: true })).toBe(false);
    expect(conversation.sent).toEqual([]);
    expect(await enter({ keyCode: 13 })).toBe(true);
    expect(conversation.sent).toEqual(['tea?']);
    expect(box().value).toBe('');
  });

  test.each([
    ['while characters are being composed', { isComposing: true, keyCode: 229 }],
    ['with the code 229, which is all that Safari says of it', { isComposing: false, keyCode: 229 }],
  ])('does not send %s', async (_when, how) => {
    await open();
    await type('にほん');
    expect(await enter(how)).toBe(false);
    expect(conversation.sent).toEqual([]);
    expect(box().value).toBe('にほん');
  });
});

describe('drafts', () => {
  test('what is typed is stored when the page is hidden or goes away, when the box loses the focus, and when another conversation opens', async () => {
    await open();
    const ways: [string, () => unknown][] = [
      ['hidden', () => hide()],
      ['about to go', () => dispatchEvent(new Event('beforeunload'))],
      ['gone', () => dispatchEvent(new Event('pagehide'))],
      ['left', () => box().dispatchEvent(new FocusEvent('focusout', { bubbles: true }))],
      ['closed', () => shown.unmount()],
    ];
    for (const [text, way] of ways) {
      await type(text);
      await shown.act(way);
      expect(conversation.draft).toBe(text);
    }
  });

  test('the box starts with the stored draft', async () => {
    conversation.draft = 'from before the reload';
    await open();
    expect(box().value).toBe('from before the reload');
  });

  test('sending takes the stored draft away at once', async () => {
    conversation.draft = 'tea?';
    await open();
    await enter();
    expect(conversation.sent).toEqual(['tea?']);
    expect(conversation.draft).toBe('');
  });

  test('a text that could not be kept comes back into the box and the draft', async () => {
    await open();
    await type('tea?');
    conversation.failing.push(new UsageError('MESSAGE_TOO_LARGE', 'A message can have 64 KiB at the most.'));
    await enter();
    expect(box().value).toBe('tea?');
    expect(shown.element.querySelector('[role=alert]')?.textContent).toContain('64 KiB');
    await shown.act(() => dispatchEvent(new Event('pagehide')));
    expect(conversation.draft).toBe('tea?');
  });

  test('a text that a changed or rejected key keeps back comes back too, and points to the notice', async () => {
    await open();
    await type('tea?');
    const message = 'The account key of bob has changed. Compare safety numbers before you continue.';
    conversation.failing.push(new CryptoVerificationError('IDENTITY_CHANGED', message));
    await enter();
    expect(box().value).toBe('tea?');
    const alert = shown.element.querySelector('[role=alert]')?.textContent;
    expect(alert).toContain('Not sent. The notice above says why');
    expect(alert).not.toContain('has changed');
  });

  test('what a tab cannot store any more is there after a reload, goes into the store then, and is not kept twice', async () => {
    conversation.draft = 'half';
    await open();
    conversation.failing.push(newerVersion(), newerVersion());
    await type('half a sentence');
    await shown.act(() => dispatchEvent(new Event('pagehide')));
    const kept = () => sessionStorage.getItem('quicprochat-draft:c');
    expect(kept()).toBe('half a sentence');
    // Nothing has to be waited for from now on.
    await type('half a sentence, and the rest');
    expect(kept()).toBe('half a sentence, and the rest');
    await shown.unmount();

    conversation = Object.assign(new FakeConversation(), { draft: 'half' });
    await open();
    expect(box().value).toBe('half a sentence, and the rest');
    await shown.act(() => dispatchEvent(new Event('pagehide')));
    expect(conversation.stored).toEqual(['half a sentence, and the rest']);
    expect(sessionStorage.length).toBe(0);
  });

  test('a tab that can store its draft keeps no other copy', async () => {
    await open();
    await type('tea?');
    await shown.act(() => dispatchEvent(new Event('pagehide')));
    expect([conversation.draft, sessionStorage.length]).toEqual(['tea?', 0]);
  });

  test.each([
    ['was not queued comes back into the box', {}, 'tea?'],
    ['was queued does not come back', { queued: true }, ''],
  ])('after a newer version took the store over, a text that %s', async (_what, details, left) => {
    await open();
    await type('tea?');
    const send = () => Promise.reject(newerVersion(details));
    Object.assign(conversation, { send, setDraft: send });
    await enter();
    expect(box().value).toBe(left);
  });

  test('what another tab writes appears, unless the person is in the box', async () => {
    await open();
    box().focus();
    await otherTabWrites('theirs');
    expect(box().value).toBe('');
    box().blur();
    await otherTabWrites('theirs, longer');
    expect(box().value).toBe('theirs, longer');
  });
});

describe('files', () => {
  const picture = new File(['x'], 'cat.png', { type: 'image/png' });
  const notice = () => shown.element.querySelector('[role=status]')?.textContent ?? '';

  test.each([
    ['dropped anywhere in the window', () => transferOf('drop', 'dataTransfer', ['Files'], [picture])],
    ['pasted', () => transferOf('paste', 'clipboardData', ['Files'], [picture])],
    [
      'copied from a page and pasted',
      () => transferOf('paste', 'clipboardData', ['text/html', 'Files'], [picture]),
    ],
  ])('a file that is %s is said not to be sent, until the person types on', async (_how, event) => {
    await open();
    expect(notice()).toBe('');
    await shown.act(() => document.body.dispatchEvent(event()));
    expect(notice()).toContain('Files and pictures cannot be sent yet.');
    await type('then in words');
    expect(notice()).toBe('');
  });

  test('a second file is told anew, and the notice can be closed', async () => {
    await open();
    const drop = () => document.body.dispatchEvent(transferOf('drop', 'dataTransfer', ['Files'], [picture]));
    await shown.act(drop);
    const first = shown.element.querySelector('[role=status] > *');
    await shown.act(drop);
    expect(shown.element.querySelector('[role=status] > *')).not.toBe(first);
    await shown.act(() =>
      shown.element.querySelector<HTMLElement>('[aria-label="Close this notice"]')?.click(),
    );
    expect(notice()).toBe('');
  });

  test.each([
    ['text', 'drop', 'dataTransfer', ['text/plain'], []],
    ['text', 'paste', 'clipboardData', ['text/plain'], []],
    [
      'text of an office program, which adds a picture of it',
      'paste',
      'clipboardData',
      ['text/plain', 'text/html', 'Files'],
      [picture],
    ],
  ] as const)('%s that comes by %s is no file', async (_what, kind, property, types, files) => {
    await open();
    await shown.act(() => document.body.dispatchEvent(transferOf(kind, property, types, files)));
    expect(notice()).toBe('');
  });
});

async function otherTabWrites(text: string): Promise<void> {
  conversation.draft = text;
  await shown.show(<Composer conversation={conversation.real} storedDraft={text} />);
}

function hide(): void {
  Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
  Reflect.deleteProperty(document, 'visibilityState');
}

/** An event with what a person carries: happy-dom has no way to fill a DataTransfer with files. */
function transferOf(kind: string, property: string, types: readonly string[], files: readonly File[]): Event {
  const event = new Event(kind, { bubbles: true, cancelable: true });
  Object.defineProperty(event, property, { value: { types, files } });
  return event;
}
