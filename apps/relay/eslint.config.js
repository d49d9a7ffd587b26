import { room } from '@quicprochat/config/eslint';

export default room('apps/relay', import.meta.dirname);
