import { room } from '@quicprochat/config/eslint';

export default room('react', import.meta.dirname);
