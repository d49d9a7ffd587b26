import { RELAY_ERRORS } from '@quicprochat/protocol';
import { coreErrorCodes, initialize } from '@quicprochat/core-wasm';
import { expect, test } from 'vitest';
import {
  CORE_ERRORS,
  coreError,
  isAboutInput,
  QuicprochatError,
  relayError,
  SDK_ERRORS,
  sdkError,
  toSentence,
} from '../src/model/errors.ts';

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
    sdkError('NETWORK', 'The relay cannot be reached. Check your connection and try again.'),
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

test.each(Object.keys(SDK_ERRORS) as (keyof typeof SDK_ERRORS)[])(
  'a failure of our own with %s is no verdict on an entry or a Welcome',
  (code) => {
    expect(isAboutInput(sdkError(code, 'It failed.'))).toBe(false);
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
