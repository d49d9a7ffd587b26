import { RELAY_ERRORS } from '@quicprochat/protocol';
import { QuicprochatError, type ErrorCode } from '@quicprochat/sdk';
import { codesOfTheSdk, namesCauseAndCure, sentencesOfTheSdk } from '@quicprochat/testkit';
import { afterEach, expect, test, vi } from 'vitest';
import { sentenceFor, SiteError, titleFor } from './failures.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

const errorOf = (code: string, message: string, details = {}) =>
  new QuicprochatError(code as ErrorCode, message, { details: { reason: 'missing', ...details } });

/** Words that tell a program what to do. */
const TO_PROGRAMS = /`|\b(the client|create the client|options?|sync|indexedDbStorage|Client\.create)\b/;

/** What never reaches a person in a page: other runtimes, and arguments that the page itself makes. */
const NOT_IN_PAGES = /^(The folder of the database|This is Node|This runtime|The X X)/;

test('every sentence that the page shows says what happened, and what to do', () => {
  const shown = sentencesOfTheSdk()
    .filter(({ code, message }) => code !== 'INVALID_ARGUMENT' && !NOT_IN_PAGES.test(message))
    .map(({ code, message }) => sentenceFor(errorOf(code, message)) ?? '');
  expect(shown.length).toBeGreaterThan(40);
  expect(shown.filter((sentence) => !namesCauseAndCure(sentence))).toEqual([]);
  expect(shown.filter((sentence) => TO_PROGRAMS.test(sentence))).toEqual([]);
});

test('so does the page’s own sentence for a code of the SDK, the core or the relay', () => {
  const own = [...codesOfTheSdk(), ...Object.keys(RELAY_ERRORS)]
    .map((code) => sentenceFor(errorOf(code, 'of the SDK')))
    .filter((sentence) => sentence !== 'of the SDK');
  expect(own.length).toBeGreaterThan(15);
  expect(own.filter((sentence) => !namesCauseAndCure(sentence ?? ''))).toEqual([]);
});

test('each cause that keeps an account from being opened has a title and a sentence of its own', () => {
  const causes = [
    ...['full', 'denied', 'busy', 'damaged', 'failed'].map((reason) =>
      errorOf('STORE_UNAVAILABLE', `The storage is ${reason}. Mend it.`, { reason }),
    ),
    errorOf('WASM_NOT_FOUND', 'x', { reason: 'forbidden' }),
    errorOf('WASM_NOT_FOUND', 'x', { reason: 'missing' }),
    errorOf('UNSUPPORTED_RUNTIME', 'This browser does not run WebAssembly. Use another one.'),
    new SiteError('config.json names no relay. Tell whoever runs this site.'),
    errorOf('NETWORK', 'The relay cannot be reached. Try again.'),
  ];
  expect(new Set(causes.map(titleFor)).size).toBe(causes.length);
  expect(new Set(causes.map((error) => sentenceFor(error))).size).toBe(causes.length);
});

test('an abort is no failure, and of an error that is not the SDK’s nothing is promised', () => {
  expect(sentenceFor(new DOMException('aborted', 'AbortError'))).toBeUndefined();
  expect(sentenceFor(new TypeError('x'))).toContain('may have taken effect');
});

test('if the browser knows that there is no network, the relay is not blamed', () => {
  const error = errorOf('NETWORK', 'The relay cannot be reached. Try again.', { reason: 'unreachable' });
  vi.stubGlobal('navigator', { onLine: false });
  expect(sentenceFor(error)).toBe('This device has no network. Connect it, then try again.');
  vi.stubGlobal('navigator', { onLine: true });
  expect(sentenceFor(error)).toBe('The relay cannot be reached. Try again.');
});
