import { room } from '@quicprochat/config/eslint';

export default room('testkit', import.meta.dirname);
