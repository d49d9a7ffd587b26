import { readdirSync, readFileSync } from 'node:fs';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, test } from 'vitest';
import { importRules, relayRules, room, sdkRules } from './eslint.js';
import { LAYERS } from './sdk-layers.js';

const ROOT = new URL('../../', import.meta.url);

/** The ways to the test kit from a file of another room. */
const TEST_KIT = [
  '@quicprochat/testkit',
  '@quicprochat/testkit/people',
  '../../testkit/src/index.ts',
  '../../../packages/testkit/src/people/people.ts',
];

function restrictsImports(rules) {
  return '@typescript-eslint/no-restricted-imports' in rules;
}

/** What the linter says of one import, in a room. */
function complaints(rules, source) {
  const config = {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules,
  };
  return new Linter().verify(source, config, { filename: 'x.ts' }).map(({ message }) => message);
}

/** What the linter says of a source, in a file of the SDK. */
const sdkComplaints = (file, source) => roomComplaints(sdkRules, file, source);

/** The same, of a room that has rules of its own. */
function roomComplaints(roomRules, file, source) {
  const base = {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser },
    plugins: { '@typescript-eslint': tseslint.plugin },
  };
  return new Linter()
    .verify(source, [base, ...roomRules], { filename: `src/${file}` })
    .map(({ message }) => message);
}

describe('the import rules', () => {
  test.each([
    ['relay', '@quicprochat/core-wasm', 'one instance, in one worker'],
    ['relay', '@quicprochat/sdk', 'it must not be able to reach the crypto'],
    ['apps/relay', '@quicprochat/core-wasm', 'one instance, in one worker'],
    ['protocol', '@quicprochat/relay', 'Clients know the relay by its types only'],
    ['react', '@quicprochat/protocol', 'react may import sdk'],
    ['apps/web', '@quicprochat/core-wasm', 'one instance, in one worker'],
    ['apps/cli', '@quicprochat/relay', 'Clients know the relay by its types only'],
    ['apps/cli', '@quicprochat/testkit', 'nothing that ships may import it'],
    ['sdk', '@quicprochat/react', 'may import'],
  ])('%s cannot import %s, and the message says why', (name, imported, reason) => {
    expect(complaints(importRules(name), `import '${imported}';`)).toEqual([expect.stringContaining(reason)]);
  });

  test.each(['protocol', 'core-wasm', 'relay', 'sdk', 'react', 'apps/relay', 'apps/web', 'apps/cli'])(
    '%s ships, so it cannot import the test kit, by its name or by a path',
    (name) => {
      const ownRules = name === 'sdk' ? sdkRules.map(({ rules }) => rules).filter(restrictsImports) : [];
      for (const rules of [importRules(name), ...ownRules])
        for (const imported of TEST_KIT)
          expect(complaints(rules, `import '${imported}';`), imported).toContainEqual(
            expect.stringContaining('nothing that ships may import it'),
          );
    },
  );

  test.each([
    ['relay', '@quicprochat/protocol'],
    ['react', '@quicprochat/sdk'],
    ['apps/cli', '@quicprochat/sdk/node'],
    ['apps/web', '@quicprochat/react'],
  ])('%s can import %s', (name, imported) => {
    expect(complaints(importRules(name), `import '${imported}';`)).toEqual([]);
  });

  test('in the SDK, each folder is a layer, and each layer a folder', () => {
    const entries = readdirSync(new URL('packages/sdk/src/', ROOT), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(folders.sort()).toEqual(LAYERS.flat().sort());
  });

  test.each([
    ['sync/driver.ts', `import '../api/client.ts';`, 'sync/ must not import api/'],
    ['log/reader.ts', `import type { Driver } from '../sync/driver.ts';`, 'log/ must not import sync/'],
    ['state/ledger.ts', `import '../content/history.ts';`, 'state/ must not import content/'],
    [
      'transport/relay.ts',
      `import type { A } from '../worker/protocol.ts';`,
      'transport/ must not import worker/',
    ],
    ['model/errors.ts', `import '../platform/platform.ts';`, 'model/ must not import platform/'],
    ['api/client.ts', `import '@quicprochat/core-wasm';`, 'one instance, in one worker'],
    ['transport/relay.ts', `import { createRelay } from '@quicprochat/relay';`, 'by its types only'],
    ['sync/live.ts', `import '@quicprochat/testkit';`, 'nothing that ships may import it'],
    ['sync/live.ts', `export { Client } from '../api/client.ts';`, 'sync/ must not import api/'],
    ['sync/live.ts', `import { Client } from '../index.ts';`, 'entrances of the SDK are for others'],
    ['sync/live.ts', `import '../testing.ts';`, 'entrances of the SDK are for others'],
    ['sync/live.ts', `import '../api';`, 'entrances of the SDK are for others'],
    ['sync/live.ts', `import { Client } from '@quicprochat/sdk';`, 'entrances of the SDK are for others'],
    ['sync/live.ts', `import '../../dist/index.js';`, 'entrances of the SDK are for others'],
    ['sync/live.ts', `import { platform } from '#platform';`, 'A Platform is handed in'],
    ['sync/live.ts', `import '../platform/node-platform.ts';`, 'A Platform is handed in'],
    ['sync/live.ts', `await import('../api/client.ts');`, 'Import statically'],
    ['storage/memory.ts', `await import('../api/client.ts');`, 'Import statically'],
    ['platform/node.ts', 'await import(`../api/client.ts`);', 'Import statically'],
    ['sync/live.ts', `await import('@quicprochat/core-wasm');`, 'Import statically'],
    ['index.ts', `import '@quicprochat/core-wasm';`, 'one instance, in one worker'],
  ])('in the SDK, %s cannot say %s, and the message says why', (file, source, reason) => {
    expect(sdkComplaints(file, source)).toEqual([expect.stringContaining(reason)]);
  });

  test.each([
    ['api/client.ts', `import '../sync/driver.ts'; import '../model/errors.ts';`],
    ['sync/driver.ts', `import './retries.ts'; import '../log/reader.ts';`],
    ['worker/session.ts', `import '@quicprochat/core-wasm';`],
    ['transport/relay-client.ts', `import type { RelayRouter } from '@quicprochat/relay';`],
  ])('in the SDK, %s can say %s', (file, source) => {
    expect(sdkComplaints(file, source)).toEqual([]);
  });

  test.each([
    ['setTimeout(() => 1, 5);', 'Timers in Platform'],
    ['setInterval(() => 1, 5);', 'Timers in Platform'],
    [`fetch('/');`, 'Net in Platform'],
    ['new Date();', 'Clock in Platform'],
    ['Date.now();', 'Clock in Platform'],
    ['performance.now();', 'Clock in Platform'],
    ['crypto.randomUUID();', 'Random in Platform'],
    ['crypto.subtle;', 'PublicCrypto in Platform'],
    ['globalThis.crypto.subtle;', 'Through the global object'],
    ['(globalThis as Ours).setTimeout(() => 1);', 'Through the global object'],
    ['const { setTimeout: wait } = globalThis;', 'Through the global object'],
    [`window.fetch('/');`, 'Through the global object'],
    ['self.crypto;', 'Through the global object'],
    ['new Date;', 'Clock in Platform'],
    ['Date();', 'Clock in Platform'],
    ['const Time = Date;', 'Clock in Platform'],
    ['class Time extends Date {}', 'Clock in Platform'],
    ['const { now } = Date;', 'Clock in Platform'],
    [`process.getBuiltinModule('timers');`, 'What the place is like'],
    [`await import('node:timers');`, 'Import statically'],
    [`import 'node:fs';`, 'Only the adapters'],
    [`import 'http';`, 'Only the adapters'],
    ['Math.random();', 'Random in Platform'],
    [`new Worker('a.js');`, 'worker through Platform'],
    ['AbortSignal.timeout(5);', 'Timers in Platform'],
    [`new BroadcastChannel('a');`, 'between tabs'],
    [`navigator.locks.request('a', () => 1);`, 'between tabs'],
    [`import 'node:timers/promises';`, 'Only the adapters'],
    [`import { Worker as W } from 'node:worker_threads';`, 'Only the adapters'],
  ])('in the SDK outside the adapters, nobody can say %s', (source, reason) => {
    expect(sdkComplaints('sync/live.ts', source)).toEqual([expect.stringContaining(reason)]);
    expect(sdkComplaints('platform/ambient.ts', source)).toEqual([]);
  });

  test.each([
    ['setTimeout(() => 1, 5);', 'Wait by RelayPlatform'],
    ['setImmediate(() => 1);', 'Wait by RelayPlatform'],
    ['globalThis.setTimeout(() => 1, 5);', 'Through the global object'],
    ['self.crypto;', 'Through the global object'],
    ['Date();', 'Take the time from RelayPlatform'],
    ['const Time = Date;', 'Take the time from RelayPlatform'],
    [`await import('node:timers/promises');`, 'Import statically'],
    [`import { request } from 'node:https';`, 'reach the network'],
    [`import { connect } from 'node:net';`, 'reach the network'],
    ['AbortSignal.timeout(5);', 'Wait by RelayPlatform'],
    [`import { setTimeout as sleep } from 'node:timers/promises';`, 'Wait by RelayPlatform'],
    ['Date.now();', 'Take the time from RelayPlatform'],
    ['new Date();', 'Take the time from RelayPlatform'],
    ['performance.now();', 'Take the time from RelayPlatform'],
    ['Math.random();', 'Take randomness and ids from RelayPlatform'],
    [`fetch('/');`, 'reach the network'],
    [`import { randomBytes } from 'node:crypto';`, 'come from RelayPlatform'],
    [`import { createHash, sign } from 'node:crypto';`, 'come from RelayPlatform'],
    [`import { generateKeyPairSync } from 'crypto';`, 'come from RelayPlatform'],
    [`import * as crypto from 'node:crypto';`, 'come from RelayPlatform'],
  ])('in the relay outside the adapters, nobody can say %s', (source, reason) => {
    expect(roomComplaints(relayRules, 'store/secrets.ts', source)).toEqual([expect.stringContaining(reason)]);
    for (const adapter of ['platform.ts', 'http/drain.ts', 'push/pusher.ts', 'wake/nats.ts'])
      expect(roomComplaints(relayRules, adapter, source)).toEqual([]);
  });

  test('in the relay, hashes and keys that are read are no chance', () => {
    const source = `import { createHash, createPublicKey, type KeyObject } from 'node:crypto';`;
    expect(roomComplaints(relayRules, 'proof/notary.ts', source)).toEqual([]);
  });

  test.each([
    ['setTimeout(() => 1, 5);', 'Timers in Platform'],
    ['Date.now();', 'Clock in Platform'],
    ['Date();', 'Clock in Platform'],
    ['Math.random();', 'Random in Platform'],
    [`fetch('/');`, 'Net in Platform'],
    [`new Worker('a.js');`, 'worker through Platform'],
  ])('in the SDK, the adapters to storages cannot say %s either', (source, reason) => {
    expect(sdkComplaints('storage/sqlite.ts', source)).toEqual([expect.stringContaining(reason)]);
  });

  test('in the SDK, the adapters to storages reach files, databases and other tabs', () => {
    const source = `import 'node:fs'; await import('better-sqlite3'); indexedDB; navigator.locks; new BroadcastChannel('a');`;
    expect(sdkComplaints('storage/sqlite.ts', source)).toEqual([]);
  });

  test('in the SDK, of the worker the two entries alone are adapters', () => {
    expect(sdkComplaints('worker/entry-node.ts', 'setTimeout(() => 1, 5);')).toEqual([]);
    expect(sdkComplaints('worker/entry-other.ts', 'setTimeout(() => 1, 5);')).not.toEqual([]);
    expect(sdkComplaints('worker/session.ts', 'setTimeout(() => 1, 5);')).not.toEqual([]);
  });

  test('a date that is given its time is no clock', () => {
    expect(sdkComplaints('sync/live.ts', 'new Date(5);')).toEqual([]);
  });
});

test('every room with sources is linted under its own name', () => {
  for (const parent of ['packages', 'apps']) {
    for (const folder of readdirSync(new URL(parent, ROOT))) {
      if (folder === 'config') continue;
      const name = parent === 'apps' ? `apps/${folder}` : folder;
      const config = readFileSync(new URL(`${parent}/${folder}/eslint.config.js`, ROOT), 'utf8');
      expect(config, `${parent}/${folder}/eslint.config.js`).toContain(`room('${name}'`);
      expect(() => room(name, '.')).not.toThrow();
    }
  }
});
