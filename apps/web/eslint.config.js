import { room } from '@quicprochat/config/eslint';

/** public/boot.js goes to the browser as it is. */
const BROWSER = ['URL', 'document', 'globalThis', 'localStorage', 'location', 'trustedTypes'];

export default room('apps/web', import.meta.dirname, [
  {
    files: ['public/*.js'],
    languageOptions: { globals: Object.fromEntries(BROWSER.map((name) => [name, 'readonly'])) },
  },
]);
