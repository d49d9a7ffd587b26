/** What streams wait on. */
export const logTopic = (logId: string) => `log:${logId}`;
export const inboxTopic = (deviceId: string) => `inbox:${deviceId}`;
/** Of one epoch alone: who follows under the key of another gets nothing that is said in it. */
export const signalTopic = (logId: string, epoch: number) => `signal:${epoch}:${logId}`;
