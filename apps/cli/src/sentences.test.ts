import { InternalError, QuicprochatError, TransportError, type ErrorCode } from '@quicprochat/sdk';
import { RELAY_ERRORS } from '@quicprochat/protocol';
import { codesOfTheSdk, namesCauseAndCure, sentencesOfTheSdk } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { describe, EXIT } from './exit.ts';
import { sentenceFor } from './sentences.ts';

/** Words that tell a program what to do: names in backticks, and things that only callers of the SDK hold. */
const TO_PROGRAMS =
  /`|\b(safetyNumber|storage|the client|create the client|options?|sync|tab|page|reload|worker|wasm)\b/i;

/**
 * What never reaches a person at a terminal: what only browsers say, and what says that an argument is malformed, since
 * qpc looks at its arguments first (words.ts).
 */
const NOT_IN_QPC =
  /^(The folder of the database file|This runtime has no web workers|This browser|The browser|The relay’s address answers, but not to pages)/;

test('qpc shows no sentence of the SDK that speaks to programs', () => {
  const all = sentencesOfTheSdk();
  expect(all.length).toBeGreaterThan(40);
  expect(all.filter(({ message }) => TO_PROGRAMS.test(message)).length).toBeGreaterThan(5);
  const shown = all
    .filter(({ message }) => !NOT_IN_QPC.test(message))
    .map(({ code, message }) => sentenceFor(new QuicprochatError(code as ErrorCode, message)));
  expect(shown.filter((sentence) => TO_PROGRAMS.test(sentence))).toEqual([]);
});

test('every sentence that qpc shows says what happened, and what to do', () => {
  const all = sentencesOfTheSdk()
    .filter(({ message }) => !message.startsWith('The X X'))
    .map(({ code, message }) => sentenceFor(new QuicprochatError(code as ErrorCode, message)));
  expect(all.filter((sentence) => !namesCauseAndCure(sentence))).toEqual([]);
});

test('so does the own sentence of qpc for a code of the SDK, the core or the relay', () => {
  const codes = [...codesOfTheSdk(), ...Object.keys(RELAY_ERRORS)];
  const own = codes
    .map((code) => sentenceFor(new QuicprochatError(code as ErrorCode, 'of the SDK')))
    .filter((sentence) => !sentence.startsWith('of the SDK'));
  expect(codes.length).toBeGreaterThan(90);
  expect(own.length).toBeGreaterThan(25);
  expect(own.filter((sentence) => !namesCauseAndCure(sentence))).toEqual([]);
});

test('a change that stays queued names the cause, the relay, and what sends it, each once', () => {
  const cause = new TransportError('NETWORK', 'Nothing answers.');
  const error = new TransportError('NETWORK', 'Nothing answers. The message or change stays queued.', {
    details: { queued: true },
    cause,
  });
  expect(sentenceFor(error, 'http://relay')).toBe(
    'Nothing answers. The relay’s address is http://relay. The message or change stays queued, and the next command that reaches the relay sends it; do not repeat it.',
  );
});

test('a cancelled change reads as cancelled, with the exit code of an interrupted command', () => {
  expect(describe(new DOMException('aborted', 'AbortError'))).toEqual({
    code: 'CANCELLED',
    message: 'This action was cancelled.',
    exit: EXIT.interrupted,
  });
});

test('what goes wrong at the relay ends with its address, and what the relay refused does not', () => {
  for (const code of ['NETWORK', 'UNAVAILABLE', 'RELAY_MISBEHAVED'] as const)
    expect(sentenceFor(new TransportError(code, 'It is away.'), 'http://relay')).toBe(
      'It is away. The relay’s address is http://relay.',
    );
  expect(sentenceFor(new TransportError('HANDLE_TAKEN', 'It is taken.'), 'http://relay')).toBe(
    'It is taken.',
  );
});

test('a changed account key names the command that shows the new number', () => {
  const error = new QuicprochatError('IDENTITY_CHANGED', 'It has changed.', { details: { handle: 'bob' } });
  expect(sentenceFor(error)).toContain('Run qpc verify bob');
});

test('what the core calls an internal error becomes a sentence; what the relay calls one stays as it is', () => {
  expect(sentenceFor(new InternalError('INTERNAL', 'internal error'))).toContain('Run it again');
  expect(sentenceFor(new TransportError('INTERNAL', 'The relay failed.'))).toBe('The relay failed.');
});
