import { room } from '@quicprochat/config/eslint';

export default room('apps/cli', import.meta.dirname);
