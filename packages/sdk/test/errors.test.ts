import { RELAY_ERRORS } from '@quicprochat/protocol';
import { coreErrorCodes, initialize } from '@quicprochat/core-wasm';
import { namesCauseAndCure, sentencesOfTheSdk } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import {
  CORE_ERRORS,
  coreError,
  ERROR_REASONS,
  isAboutInput,
  QuicprochatError,
  relayError,
  SDK_ERRORS,
  sdkError,
  toSentence,
} from '../src/model/errors.ts';
import { errorIn } from '../src/transport/relay-errors.ts';
import { away } from '../src/transport/unreached.ts';

test('the core’s codes are exactly the ones that the SDK knows', async () => {
  await initialize();
  expect(Object.keys(CORE_ERRORS).sort()).toEqual(coreErrorCodes().sort());
});

test('a code means one thing: the SDK’s own are none of the core’s or the relay’s', () => {
  const others = [...Object.keys(CORE_ERRORS), ...Object.keys(RELAY_ERRORS)];
  expect(Object.keys(SDK_ERRORS).filter((code) => others.includes(code))).toEqual([]);
});

test('every error is a QuicprochatError with its code, and reads as one sentence', () => {
  const errors = [
    sdkError('NETWORK', 'The relay cannot be reached. Check your connection and try again.', {
      details: { reason: 'unreachable' },
    }),
    coreError('DECRYPT_FAILED', 'the message cannot be decrypted'),
    relayError('HANDLE_TAKEN', 'This handle is taken. Choose another one.', {
      retryable: false,
      details: {},
    }),
  ];
  for (const error of errors) {
    expect(error).toBeInstanceOf(QuicprochatError);
    expect(toSentence(error)).not.toMatch(/\n|\bat /);
  }
  expect(errors.map(({ code, retryable }) => [code, retryable])).toEqual([
    ['NETWORK', true],
    ['DECRYPT_FAILED', false],
    ['HANDLE_TAKEN', false],
  ]);
  expect(toSentence(new TypeError('x is not a function'))).not.toContain('function');
});

const without = (sentences: readonly { code: string; message: string }[]) =>
  sentences.filter(({ message }) => !namesCauseAndCure(message));

test('every sentence that is written where the SDK makes an error says what happened, and what to do', () => {
  const all = sentencesOfTheSdk();
  expect(all.length).toBeGreaterThan(70);
  // What stands for X here are causes and cures; storage.test.ts looks at them.
  const written = all.filter(({ message }) => !message.startsWith('The X X'));
  expect(without(written)).toEqual([]);
});

test('so does the sentence for every code of the core, which stays beside what the core says', () => {
  const all = Object.keys(CORE_ERRORS).map((code) => coreError(code, 'what the core says'));
  expect(without(all)).toEqual([]);
  for (const { message, details } of all) {
    expect(message).not.toContain('what the core says');
    expect(details).toEqual({ told: 'what the core says' });
  }
});

test('so does the sentence for every code of the relay', () => {
  const all = Object.keys(RELAY_ERRORS).map((code) => {
    const details = code === 'PROTOCOL_VERSION_MISMATCH' ? { relayProtocol: 1_000 } : {};
    return errorIn({ error: { data: { qpc: { code, retryable: false, details } } } });
  });
  expect(all.map(({ code }) => code)).toEqual(Object.keys(RELAY_ERRORS));
  expect(without(all)).toEqual([]);
});

test.each([
  ['ENOTFOUND', 'unknown-host'],
  ['EAI_AGAIN', 'offline'],
  ['ENETUNREACH', 'offline'],
  ['ECONNREFUSED', 'refused'],
  ['CERT_HAS_EXPIRED', 'tls'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
  ['HPE_INVALID_CONSTANT', 'not-a-relay'],
  ['UND_ERR_CONNECT_TIMEOUT', 'silent'],
  ['ECONNRESET', 'unreachable'],
])('a connection that Node refuses with %s is NETWORK, for the reason “%s”', (code, reason) => {
  const fault = new TypeError('fetch failed', { cause: Object.assign(new Error('told'), { code }) });
  const error = away(fault);
  expect(error).toMatchObject({ code: 'NETWORK', retryable: true, details: { reason } });
  expect(ERROR_REASONS.NETWORK).toContain(reason);
  expect(without([error])).toEqual([]);
});

test('an abort reads as cancelled, by whichever class of error, and a timeout as one', async () => {
  const aborted = [
    new DOMException('aborted', 'AbortError'),
    Object.assign(new Error('The operation was aborted'), { name: 'AbortError', code: 'ABORT_ERR' }),
    AbortSignal.abort().reason as unknown,
  ];
  for (const error of aborted) expect(toSentence(error)).toBe('This action was cancelled.');
  expect(toSentence(new DOMException('late', 'TimeoutError'))).toContain('took too long');
});

test('of an error that is not the SDK’s, nothing is promised', () => {
  for (const error of [new TypeError('x'), 'text', undefined])
    expect(toSentence(error)).toContain(
      'may have taken effect all the same. Check that before you try again',
    );
});

test.each(Object.keys(SDK_ERRORS) as (keyof typeof SDK_ERRORS)[])(
  'a failure of our own with %s is no verdict on an entry or a Welcome',
  (code) => {
    expect(isAboutInput(sdkError(code as 'CLOSED', 'It failed.'))).toBe(false);
  },
);

test.each(['INTERNAL', 'GROUP_NOT_LOADED', 'STORE_CORRUPT', 'STORE_ROLLED_BACK', 'KEYS_ERASED'] as const)(
  'neither is %s of the core',
  (code) => {
    expect(isAboutInput(coreError(code, 'It failed.'))).toBe(false);
  },
);

test('what the core says of its input is a verdict', () => {
  for (const code of ['WIRE_DECODE', 'INVALID_COMMIT', 'WELCOME_NOT_FOR_US', 'GROUP_EXISTS'] as const)
    expect(isAboutInput(coreError(code, 'It is bad.'))).toBe(true);
});
