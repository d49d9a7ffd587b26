import { room } from '@quicprochat/config/eslint';

export default room('core-wasm', import.meta.dirname);
