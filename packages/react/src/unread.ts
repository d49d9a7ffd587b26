import type { Conversation, Message } from '@quicprochat/sdk';

/** Lines read at once while looking for the first unread one. */
const PAGE = 200;

/** Whether a line counts in `Conversation.unread`: messages of others do, events do not. */
export function countsAsUnread({ own, content }: Message): boolean {
  return !own && (content.type === 'text' || content.type === 'undecryptable');
}

/** Finds the position of the first unread message, however far back it is. Undefined if everything was read. */
export async function findFirstUnread(conversation: Conversation): Promise<number | undefined> {
  if (conversation.unread === 0) return undefined;
  let after = conversation.readPosition;
  for (;;) {
    const page = await conversation.history({ after, limit: PAGE });
    const found = page.find(countsAsUnread);
    if (found !== undefined || page.length < PAGE) return found?.position;
    after = page.at(-1)?.position ?? after;
  }
}
