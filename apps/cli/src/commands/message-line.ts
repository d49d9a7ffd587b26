import { isolated, type Message } from '@quicprochat/sdk';
import { oneLine } from '../output.ts';
import { localTime } from '../time.ts';

/** A line of a conversation's history as scripts get it. */
export function recordOf({ id, from, epoch, content, conversationId: conversation }: Message) {
  switch (content.type) {
    case 'text':
      return { id, from, text: content.text, epoch, conversation };
    case 'undecryptable':
      return { undecryptable: content.code, conversation };
    default:
      return { event: content, from, epoch, conversation };
  }
}

/** The same for people; with the conversation's name where several are listened to. */
export function textOf(message: Message, conversation: string | undefined): string {
  const place = conversation === undefined ? '' : `[${isolated(conversation)}] `;
  return `${localTime(message.sentAtMs)}  ${place}${sentenceOf(message)}`;
}

function sentenceOf({ from: sender, content }: Message): string {
  const from = isolated(sender);
  switch (content.type) {
    case 'text':
      return `${from}: ${isolated(oneLine(content.text))}`;
    case 'undecryptable':
      return `(a line could not be opened here: ${content.code})`;
    case 'members-added':
      return `* ${from} added ${content.handles.map(isolated).join(', ')}`;
    case 'members-removed':
      return `* ${from} removed ${content.handles.map(isolated).join(', ')}`;
    case 'left':
      return `* ${isolated(content.handle)} left`;
    case 'renamed':
      return `* ${from} named the conversation “${isolated(content.name)}”`;
    case 'healed':
      return `* ${isolated(content.handle)} made fresh keys`;
    case 'copied':
      return '* a message here is from this device, which has no record of it: its home was put back to an earlier state, or a copy is in use. Fresh keys are made before anything is sent';
  }
}
