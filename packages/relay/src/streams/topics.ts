/** What streams wait on. */
export const logTopic = (logId: string) => `log:${logId}`;
export const inboxTopic = (deviceId: string) => `inbox:${deviceId}`;
/** That a device's pool of key packages is low. */
export const poolTopic = (deviceId: string) => `pool:${deviceId}`;
/** What a stream was given to follow, too. */
export const streamTopic = (streamHash: Buffer) => `stream:${streamHash.toString('hex')}`;
/** All of that for any stream; nobody notifies it, and who listens is woken where wake-ups were lost. */
export const FOLLOW_UPS_TOPIC = 'follow-ups';
/** Of one epoch alone: who follows under the key of another gets nothing that is said in it. */
export const signalTopic = (logId: string, epoch: number) => `signal:${epoch}:${logId}`;
