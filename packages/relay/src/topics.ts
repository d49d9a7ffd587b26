/** What streams wait on. */
export const logTopic = (logId: string) => `log:${logId}`;
export const inboxTopic = (deviceId: string) => `inbox:${deviceId}`;
