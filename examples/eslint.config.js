import { room } from '@quicprochat/config/eslint';

// The projects beside the tests have their own tools, and are checked by their own builds.
export default room('examples', import.meta.dirname, [
  { ignores: ['next/**', 'vite/**', 'test/fixtures/**'] },
]);
