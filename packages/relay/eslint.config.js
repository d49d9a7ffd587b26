import { relayRules, room } from '@quicprochat/config/eslint';

export default room('relay', import.meta.dirname, relayRules);
