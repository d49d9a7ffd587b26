import type { Client, Contacts, Conversation, ConversationState, Member, Message } from '@quicprochat/sdk';

/**
 * The part of the SDK's Client that the hooks read, kept in memory and changed by hand: `change` is what the ledger
 * does after every transaction.
 */
export class FakeClient {
  connection: Client['connection'] = 'connecting';
  clockError: Client['clockError'];
  readonly contacts: Pick<Contacts, 'safetyNumber'> = {
    safetyNumber: async (handle) => `number of ${handle}`,
  };
  readonly conversations = { list: () => this.#list };
  readonly #listeners = new Set<() => void>();
  #list: readonly FakeConversation[] = [];

  /** As the hooks take it: the real class has private fields that no fake can have. */
  get real(): Client {
    return this as unknown as Client;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Does something and tells everyone, as the ledger does. */
  change(work: () => void = () => undefined): void {
    work();
    for (const listener of [...this.#listeners]) listener();
  }

  add(id: string, name = id): FakeConversation {
    const conversation = new FakeConversation(id, name);
    this.change(() => (this.#list = [conversation, ...this.#list]));
    return conversation;
  }
}

export class FakeConversation {
  readonly id: string;
  name: string;
  state: ConversationState = 'active';
  epoch = 1;
  unread = 0;
  readPosition = 0;
  version = 0;
  people: Member[] = [];
  lines: Message[] = [];
  /** What each call of `history` asked for. */
  readonly asked: { before?: number; limit?: number }[] = [];
  failing: Error | undefined;
  readonly members = { list: () => this.people };

  constructor(id: string, name: string) {
    this.id = id;
    this.name = name;
  }

  get real(): Conversation {
    return this as unknown as Conversation;
  }

  get lastMessage(): Message | undefined {
    return this.lines.at(-1);
  }

  get security() {
    return { epoch: this.epoch, read: Symbol('every read is another object') };
  }

  say(text: string, state: Message['state'] = 'received'): void {
    this.lines.push(line(this.lines.length + 1, text, state));
    this.version++;
  }

  history = async (options: { before?: number; limit?: number } = {}): Promise<Message[]> => {
    this.asked.push(options);
    if (this.failing !== undefined) throw this.failing;
    const { before = Infinity, limit = 50 } = options;
    // Fresh objects each time, as a store gives them.
    return this.lines
      .filter(({ position }) => position < before)
      .slice(-limit)
      .map((message) => ({ ...message }));
  };
}

function line(position: number, text: string, state: Message['state']): Message {
  return {
    id: String(position),
    conversationId: 'any',
    position,
    from: 'alice',
    own: state !== 'received',
    epoch: 1,
    sentAtMs: position,
    receivedAtMs: position,
    state,
    content: { type: 'text', text },
  };
}
