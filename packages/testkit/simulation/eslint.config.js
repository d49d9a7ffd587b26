import { room } from '@quicprochat/config/eslint';

export default room('simulation', import.meta.dirname);
