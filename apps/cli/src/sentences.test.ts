import { globSync, readFileSync } from 'node:fs';
import { InternalError, QuicprochatError, TransportError, type ErrorCode } from '@quicprochat/sdk';
import { expect, test } from 'vitest';
import { sentenceFor } from './sentences.ts';

const SDK = new URL('../../../packages/sdk/src/', import.meta.url);

/** Words that tell a program what to do: names in backticks, and things that only callers of the SDK hold. */
const TO_PROGRAMS =
  /`|\b(safetyNumber|storage|the client|create the client|options?|sync|tab|page|reload|worker|wasm)\b/i;

/**
 * What never reaches a person at a terminal: what only browsers say, and what says that an argument is malformed, since
 * qpc looks at its arguments first (words.ts).
 */
const NOT_IN_QPC = [
  'The folder of the database file does not exist. Create it first.',
  'This runtime has no web workers, which the SDK needs. Use a browser that has them, or Node.',
];

/** Every sentence that is written out where the SDK makes an error, with its code. */
function sentencesOfTheSdk(): { code: ErrorCode; message: string }[] {
  const files = globSync('**/*.ts', { cwd: SDK }).filter((file) => !file.endsWith('.test.ts'));
  const made = /sdkError\(\s*'([A-Z_]+)',\s*(['`])(.*?)\2\s*[,)]/gs;
  return files.flatMap((file) =>
    [...readFileSync(new URL(file, SDK), 'utf8').matchAll(made)].map(([, code, , message]) => ({
      code: code as ErrorCode,
      message: String(message).replaceAll(/\$\{[^}]*\}/g, 'X'),
    })),
  );
}

test('qpc shows no sentence of the SDK that speaks to programs', () => {
  const all = sentencesOfTheSdk();
  expect(all.length).toBeGreaterThan(40);
  expect(all.filter(({ message }) => TO_PROGRAMS.test(message)).length).toBeGreaterThan(5);
  const shown = all
    .filter(({ message }) => !NOT_IN_QPC.includes(message))
    .map(({ code, message }) => sentenceFor(new QuicprochatError(code, message)));
  expect(shown.filter((sentence) => TO_PROGRAMS.test(sentence))).toEqual([]);
});

test('a change that stays queued names the relay, and says what sends it', () => {
  const error = new TransportError('NETWORK', 'The next sync sends it.', { details: { queued: true } });
  expect(sentenceFor(error, 'http://relay')).toMatch(
    /^The relay at http:\/\/relay has not accepted .* next command/,
  );
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
