import { room } from '@quicprochat/config/eslint';

export default room('apps/web', import.meta.dirname);
