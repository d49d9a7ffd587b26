import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { ambientRules, LATE_IMPORT, storageRules } from './ambient.js';
import { relayRules } from './relay-ambient.js';
import { LAYERS, layerPatterns } from './sdk-layers.js';

/**
 * Who may import whom. A room that is not in another's list cannot be reached from it: the relay's blindness, and
 * that only the worker holds the crypto, are build facts and not intentions.
 */
const MAY_IMPORT = {
  protocol: [],
  'core-wasm': [],
  relay: ['protocol'],
  sdk: ['protocol', 'core-wasm', 'relay'],
  react: ['sdk'],
  'apps/relay': ['relay', 'protocol'],
  'apps/web': ['react', 'sdk', 'protocol'],
  'apps/cli': ['sdk', 'protocol'],
  examples: ['testkit'],
  testkit: ['protocol', 'core-wasm', 'relay', 'sdk', 'react'],
  simulation: ['protocol', 'core-wasm', 'relay', 'sdk', 'testkit'],
  bench: ['protocol', 'core-wasm', 'relay', 'sdk', 'react', 'testkit'],
};

const LIBRARIES = ['protocol', 'core-wasm', 'relay', 'sdk', 'react', 'testkit', 'simulation', 'bench'];

/** Why a room cannot be imported, as the linter says it. */
const REASONS = {
  'core-wasm':
    'Only packages/sdk/src/worker may import the crypto: one instance, in one worker, owns every secret.',
  sdk: 'Rooms under the SDK cannot import it, and the relay least of all: it must not be able to reach the crypto.',
  relay: 'Clients know the relay by its types only (import type from packages/sdk/src/transport).',
  testkit:
    'The test kit holds deterministic randomness and a hostile relay: nothing that ships may import it.',
};

export { relayRules };

/** What a script under Node finds without importing it. */
const NODE_GLOBALS = {
  console: 'readonly',
  process: 'readonly',
  URL: 'readonly',
  Buffer: 'readonly',
  fetch: 'readonly',
};

/**
 * The lint rules of one room.
 *
 * @param {keyof typeof MAY_IMPORT} name
 * @param {string} root the room's folder
 * @param {import('typescript-eslint').ConfigArray} [more]
 */
export function room(name, root, more = []) {
  return tseslint.config(
    { ignores: ['dist/**', 'out/**', '.next/**', 'artefact/**', 'coverage/**', 'next-env.d.ts'] },
    js.configs.recommended,
    { plugins: { '@typescript-eslint': tseslint.plugin } },
    {
      files: ['**/*.{ts,tsx}'],
      extends: [tseslint.configs.strictTypeChecked],
      languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
      rules: {
        '@typescript-eslint/consistent-type-imports': 'error',
        '@typescript-eslint/switch-exhaustiveness-check': [
          'error',
          { considerDefaultExhaustiveForUnions: true },
        ],
        // Epochs, sizes and counts stand in messages all over; a number in a sentence needs no String().
        '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
        // `(x) => { doIt(x); }` for every listener adds lines and no meaning.
        '@typescript-eslint/no-confusing-void-expression': 'off',
        // Interfaces ask for promises that a synchronous implementation has nothing to await in.
        '@typescript-eslint/require-await': 'off',
      },
    },
    { files: ['**/*.mjs'], languageOptions: { globals: NODE_GLOBALS } },
    { files: ['**/*.{ts,tsx}'], rules: importRules(name) },
    {
      files: ['**/*.test.{ts,tsx}', 'test/**', 'e2e/**', '*.config.{ts,js,mjs}'],
      rules: {
        ...importRules('bench'),
        '@typescript-eslint/no-non-null-assertion': 'off',
        '@typescript-eslint/no-unsafe-assignment': 'off',
        '@typescript-eslint/no-unsafe-member-access': 'off',
        '@typescript-eslint/no-unsafe-argument': 'off',
        '@typescript-eslint/no-unsafe-call': 'off',
        '@typescript-eslint/no-unsafe-return': 'off',
      },
    },
    ...more,
  );
}

/** The import rules of a room, also for a folder that differs from the rest of its room. */
export function importRules(name, { except = [] } = {}) {
  const allowed = [...MAY_IMPORT[name], ...except];
  const forbidden = LIBRARIES.filter((library) => !allowed.includes(library) && library !== name);
  return {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: forbidden.map((library) => ({
          group: waysTo(library),
          message:
            REASONS[library] ??
            `${name} may import ${allowed.join(', ') || 'no other room'}, and nothing else.`,
        })),
      },
    ],
  };
}

/** The specifiers that lead to a library from another room: its name, or a path into its folder. */
function waysTo(library) {
  return [
    `@quicprochat/${library}`,
    `@quicprochat/${library}/*`,
    `**/packages/${library}/**`,
    `**/${library}/src/**`,
  ];
}

const CRYPTO = {
  group: waysTo('core-wasm'),
  message: REASONS['core-wasm'],
};
const RELAY = {
  group: waysTo('relay'),
  allowTypeImports: true,
  message: REASONS.relay,
};
const NOT_SHIPPED = {
  group: ['testkit', 'react', 'bench'].flatMap(waysTo),
  message: REASONS.testkit,
};

/**
 * The SDK's own rules. A folder imports downwards only; the worker alone imports the crypto; of the relay there are no
 * more than its types; and what a simulation has in its hand is touched by the adapters alone.
 */
export const sdkRules = [
  ...LAYERS.flat().map((folder) => ({
    files: [`src/${folder}/**/*.ts`],
    ignores: ['**/*.test.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [...layerPatterns(folder), ...(folder === 'worker' ? [] : [CRYPTO]), RELAY, NOT_SHIPPED],
        },
      ],
      'no-restricted-syntax': ['error', LATE_IMPORT],
    },
  })),
  {
    files: ['src/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: [CRYPTO, RELAY, NOT_SHIPPED] }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['**/*.test.ts', 'src/platform/**', 'src/storage/**', 'src/worker/entry-{node,browser}.ts'],
    rules: ambientRules,
  },
  { files: ['src/storage/**/*.ts'], ignores: ['**/*.test.ts'], rules: storageRules },
];
