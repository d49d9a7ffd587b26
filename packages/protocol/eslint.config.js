import { room } from '@quicprochat/config/eslint';

export default room('protocol', import.meta.dirname);
