import type { Conversation } from '@quicprochat/sdk';

/** The part of a Conversation that the composer uses, in memory. */
export class FakeConversation {
  readonly id = 'c';
  draft = '';
  /** Every text that was stored, in order. */
  readonly stored: string[] = [];
  readonly sent: string[] = [];
  /** What the next calls throw, first to be thrown first. */
  readonly failing: Error[] = [];
  /** While this is a promise, stores wait for it. */
  gate: Promise<void> | undefined;

  /** As components take it: the real class has private fields that no fake can have. */
  get real(): Conversation {
    return this as unknown as Conversation;
  }

  setDraft = async (text: string): Promise<void> => {
    await this.gate;
    const error = this.failing.shift();
    if (error !== undefined) throw error;
    this.draft = text;
    this.stored.push(text);
  };

  send = async (text: string): Promise<void> => {
    const error = this.failing.shift();
    if (error !== undefined) throw error;
    this.sent.push(text);
  };
}
