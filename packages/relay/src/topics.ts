/** What streams wait on. */
export const groupTopic = (groupId: string) => `group:${groupId}`;
export const inboxTopic = (deviceId: string) => `inbox:${deviceId}`;
