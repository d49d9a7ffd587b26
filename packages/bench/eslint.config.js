import { room } from '@quicprochat/config/eslint';

export default room('bench', import.meta.dirname);
