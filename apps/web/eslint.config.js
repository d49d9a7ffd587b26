import { room } from '@quicprochat/config/eslint';

/** public/boot.js goes to the browser as it is. */
const BROWSER = ['URL', 'document', 'globalThis', 'localStorage', 'location', 'trustedTypes'];

/** The rooms of src, from top to bottom. A room imports only from those below it, so that no two need each other. */
const ROOMS = [
  'app',
  'features/shell',
  'features/settings',
  'features/chats',
  'features/thread',
  'features/people',
  'features/security',
  'parts',
  'words',
  'navigation',
];

const onlyDownwards = ROOMS.slice(1).map((name, index) => ({
  files: [`src/${name}/**`],
  // A test may put together what it tests.
  ignores: ['**/*.test.{ts,tsx}'],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: ROOMS.slice(0, index + 1).map((above) => ({
          regex: `^\\.\\./.*\\b${above.replace('features/', '')}/`,
          message: `${name} is below ${above}. Move what both need into a room below them.`,
        })),
      },
    ],
  },
}));

export default room('apps/web', import.meta.dirname, [
  ...onlyDownwards,
  {
    files: ['public/*.js'],
    languageOptions: { globals: Object.fromEntries(BROWSER.map((name) => [name, 'readonly'])) },
  },
]);
