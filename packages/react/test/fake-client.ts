import type { Client, Contacts, Conversation, ConversationState, Member, Message } from '@quicprochat/sdk';

type Range = { before?: number; after?: number; limit?: number };

/**
 * The part of the SDK's Client that the hooks read, kept in memory and changed by hand: `change` is what the ledger
 * does after every transaction.
 */
export class FakeClient {
  connection: Client['connection'] = 'connecting';
  trouble: Client['trouble'];
  /** What stands for the account key of every contact. */
  key = '';
  readonly contacts: Pick<Contacts, 'safetyNumber' | 'keyId'> = {
    safetyNumber: async (handle) => `number of ${handle}${this.key}`,
    keyId: (handle) => `${handle}${this.key}`,
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
  draft = '';
  readPosition = 0;
  version = 0;
  people: Member[] = [];
  lines: Message[] = [];
  /** What each call of `history` asked for. */
  readonly asked: Range[] = [];
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
    this.#append({ state, own: state !== 'received', content: { type: 'text', text } });
  }

  /** What happened in between, which nobody counts as unread. */
  happen(content: Message['content']): void {
    this.#append({ state: 'received', own: false, content });
  }

  #append(said: Pick<Message, 'state' | 'own' | 'content'>): void {
    this.lines.push(line(this.lines.length + 1, said));
    this.version++;
  }

  history = async (options: Range = {}): Promise<Message[]> => {
    this.asked.push(options);
    if (this.failing !== undefined) throw this.failing;
    const { before = Infinity, after, limit = 50 } = options;
    const part =
      after === undefined
        ? this.lines.filter(({ position }) => position < before).slice(-limit)
        : this.lines.filter(({ position }) => position > after).slice(0, limit);
    // Fresh objects each time, as a store gives them.
    return part.map((message) => ({ ...message }));
  };
}

function line(position: number, said: Pick<Message, 'state' | 'own' | 'content'>): Message {
  return {
    id: String(position),
    conversationId: 'any',
    position,
    from: 'alice',
    epoch: 1,
    sentAtMs: position,
    receivedAtMs: position,
    ...said,
  };
}
