import type { Client, Conversation, QuicprochatError } from '../../../src/index.ts';

/** What a tab is to do. Conversations are named: a client that does not have one leaves out what is to be done in it. */
export type Order = { conversation: string } & (
  | { kind: 'send'; texts: string[] }
  | { kind: 'cancel'; texts: [string]; afterMs: number }
  | { kind: 'heal' | 'read' | 'leave' }
  | { kind: 'add' | 'remove'; handle: string }
  | { kind: 'create'; members: string[] }
);

/**
 * What a tab says of an order. A text is `accepted` once it stands in the history, `sent` once `send` has resolved. Each
 * other order, or a text that does not get through, ends with a code: `OK`, or that of its error.
 */
export type Report =
  | { told: 'accepted' | 'sent' | 'cancelled'; text: string }
  | { told: 'refused'; text: string; code: string; isQueued: boolean }
  | { told: 'ended'; kind: Order['kind']; conversation: string; code: string };

export interface Line {
  type: string;
  from: string;
  state: string;
  text?: string;
  code?: string;
}

export interface View {
  state: string;
  epoch: number;
  authenticator: string;
  waiting: string[];
  trouble: string | undefined;
  unread: number;
  /** The sequence of the newest receipt; 1 without one. */
  readUpTo: number;
  members: string[];
  /** The whole history, if it was asked for. */
  lines: Line[];
}

export interface Snapshot {
  connection: string;
  trouble: string | undefined;
  /** Calls that have not ended. */
  calls: string[];
  conversations: Record<string, View>;
}

/** Carries out orders on a client, in a page, in a process of its own or in this one, and reports how they end. */
export class Driver {
  readonly #client: Client;
  readonly #report: (report: Report) => void;
  readonly #calls = new Set<string>();
  readonly #followed = new Set<string>();
  #called = 0;

  constructor(client: Client, report: (report: Report) => void) {
    this.#client = client;
    this.#report = report;
    client.subscribe(() => this.#followAll());
    this.#followAll();
  }

  /** Begins what the order says, and does not wait for its end. */
  obey(order: Order): void {
    const { kind } = order;
    if (kind === 'send' || kind === 'cancel') this.#say(order);
    else {
      const end = (code: string) =>
        this.#report({ told: 'ended', kind, conversation: order.conversation, code });
      this.#call(
        `${kind} in ${order.conversation}`,
        this.#change(order).then(
          () => end('OK'),
          (error: unknown) => end(codeOf(error)),
        ),
      );
    }
  }

  async snapshot({ hasLines }: { hasLines: boolean }): Promise<Snapshot> {
    const conversations: Record<string, View> = {};
    for (const conversation of this.#client.conversations.list())
      conversations[conversation.name] = await viewOf(conversation, { hasLines });
    const { connection, trouble } = this.#client;
    return { connection, trouble: trouble?.code, calls: [...this.#calls], conversations };
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #say(order: Order & { kind: 'send' | 'cancel' }): void {
    const conversation = this.#find(order.conversation);
    for (const text of order.texts) {
      const cancelling = new AbortController();
      const { signal } = cancelling;
      if (order.kind === 'cancel') setTimeout(() => cancelling.abort(), order.afterMs);
      const refused = (error: unknown) => {
        if (signal.aborted && error === signal.reason) this.#report({ told: 'cancelled', text });
        else this.#report({ told: 'refused', text, code: codeOf(error), isQueued: isQueued(error) });
      };
      if (conversation === undefined)
        this.#report({ told: 'refused', text, code: 'CONVERSATION_NOT_FOUND', isQueued: false });
      else
        this.#call(
          `“${text}”`,
          conversation.send(text, { signal }).then(() => this.#report({ told: 'sent', text }), refused),
        );
    }
  }

  async #change(order: Exclude<Order, { kind: 'send' | 'cancel' }>): Promise<unknown> {
    const { conversations } = this.#client;
    if (order.kind === 'create')
      return conversations.create({ name: order.conversation, members: order.members });
    const conversation = conversations.find(order.conversation);
    if (order.kind === 'heal') return conversation.heal();
    if (order.kind === 'leave') return conversation.leave();
    if (order.kind === 'add') return conversation.members.add([order.handle]);
    if (order.kind === 'remove') return conversation.members.remove([order.handle]);
    return conversation.markRead(conversation.lastMessage?.position ?? 0);
  }

  #find(name: string): Conversation | undefined {
    return this.#client.conversations.list().find((conversation) => conversation.name === name);
  }

  #call(name: string, call: Promise<unknown>): void {
    const unique = `${name} (${++this.#called})`;
    this.#calls.add(unique);
    void call.finally(() => this.#calls.delete(unique));
  }

  #followAll(): void {
    for (const conversation of this.#client.conversations.list()) {
      if (this.#followed.has(conversation.id)) continue;
      this.#followed.add(conversation.id);
      // A storage that fails for a while ends it: then less is known to be acknowledged.
      void this.#follow(conversation).catch(() => this.#followed.delete(conversation.id));
    }
  }

  async #follow(conversation: Conversation): Promise<void> {
    for await (const { own, content } of conversation.messages())
      if (own && content.type === 'text') this.#report({ told: 'accepted', text: content.text });
  }
}

async function viewOf(conversation: Conversation, { hasLines }: { hasLines: boolean }): Promise<View> {
  const { state, epoch, security, waiting, trouble, unread, statement, members } = conversation;
  const history = hasLines ? await conversation.history({ limit: 100_000 }) : [];
  return {
    state,
    epoch,
    authenticator: security.epochAuthenticator,
    waiting: waiting.map((change) => `${change.kind}, ${change.state}`),
    trouble: trouble?.code,
    unread,
    readUpTo: statement?.receipts.at(-1)?.sequence ?? 1,
    members: members.list().map(({ handle }) => handle),
    lines: history.map(({ content, from, state }) => ({ from, state, ...content })),
  };
}

function codeOf(error: unknown): string {
  return (error as Partial<QuicprochatError>).code ?? String(error);
}

function isQueued(error: unknown): boolean {
  return (error as Partial<QuicprochatError>).details?.['queued'] === true;
}
