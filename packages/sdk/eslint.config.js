import { room, sdkRules } from '@quicprochat/config/eslint';

export default room('sdk', import.meta.dirname, sdkRules);
