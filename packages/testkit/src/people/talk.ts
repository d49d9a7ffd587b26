/** The part of a client that these functions use; the SDK's own `Client` has it. */
interface Talker<Conversation> {
  sync(): Promise<void>;
  readonly conversations: { find(id: string): Conversation };
}

interface Told<Content> {
  history(range: { limit: number }): Promise<readonly { content: Content }[]>;
}

/** Everyone takes in what there is, twice: what one does for another is there for the second round. */
export async function syncAll(...clients: Pick<Talker<unknown>, 'sync'>[]): Promise<void> {
  for (let round = 0; round < 2; round++) for (const client of clients) await client.sync();
}

/** The conversation that a client has under this id. */
export function same<Conversation>(
  client: Pick<Talker<Conversation>, 'conversations'>,
  { id }: { id: string },
): Conversation {
  return client.conversations.find(id);
}

export async function textsOf(conversation: Told<{ type: string; text?: string }>): Promise<string[]> {
  const contents = await contentsOf(conversation);
  return contents.flatMap(({ type, text }) => (type === 'text' && text !== undefined ? [text] : []));
}

export async function contentsOf<Content>(conversation: Told<Content>): Promise<Content[]> {
  return (await conversation.history({ limit: 1_000 })).map(({ content }) => content);
}
