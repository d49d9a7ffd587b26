import { room, sdkOutsideWorker } from '@quicprochat/config/eslint';

export default room('sdk', import.meta.dirname, sdkOutsideWorker);
