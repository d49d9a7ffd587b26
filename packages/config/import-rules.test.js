import { readdirSync, readFileSync } from 'node:fs';
import { Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, test } from 'vitest';
import { importRules, room, sdkOutsideWorker } from './eslint.js';

const ROOT = new URL('../../', import.meta.url);

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

  test.each([
    ['relay', '@quicprochat/protocol'],
    ['react', '@quicprochat/sdk'],
    ['apps/cli', '@quicprochat/sdk/node'],
    ['apps/web', '@quicprochat/react'],
  ])('%s can import %s', (name, imported) => {
    expect(complaints(importRules(name), `import '${imported}';`)).toEqual([]);
  });

  test('in the SDK only the worker imports the crypto, and nobody more of the relay than its types', () => {
    const [{ rules, ignores }] = sdkOutsideWorker;
    expect(ignores).toContain('src/worker/**');
    expect(complaints(rules, `import '@quicprochat/core-wasm';`)).toHaveLength(1);
    expect(complaints(rules, `import { createRelay } from '@quicprochat/relay';`)).toHaveLength(1);
    expect(complaints(rules, `import type { RelayRouter } from '@quicprochat/relay';`)).toEqual([]);
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
