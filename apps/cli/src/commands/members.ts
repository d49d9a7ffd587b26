import type { Command, Context } from '../command.ts';
import { withClient } from '../with-client.ts';
import { handleFrom } from '../words.ts';

export const listMembers: Command = {
  usage: 'members CONVERSATION',
  summary: 'list the members',
  details: 'With --json: {members: [{handle}]}. The list is empty if the conversation has ended for you.',

  run: (context) =>
    withClient(context, async (client) => {
      const [conversation = ''] = context.words;
      const members = client.conversations.find(conversation).members.list();
      const handles = [...new Set(members.map(({ handle }) => handle))].sort();
      await context.output.result(
        { members: handles.map((handle) => ({ handle })) },
        ...(handles.length === 0 ? ['This conversation has ended for you.'] : handles),
      );
    }),
};

export const addMember: Command = {
  usage: 'members CONVERSATION add HANDLE',
  summary: 'add someone; this begins a new epoch with new keys',
  details: 'With --json: {epoch}, the new epoch.',
  run: (context) => change(context, 'add'),
};

export const removeMember: Command = {
  usage: 'members CONVERSATION remove HANDLE',
  summary: 'remove someone; they can no longer read or write here',
  details: 'With --json: {epoch}, the new epoch.',
  run: (context) => change(context, 'remove'),
};

async function change(context: Context, action: 'add' | 'remove'): Promise<void> {
  const [conversation = ''] = context.words;
  const handle = handleFrom(context.words[1]);
  await withClient(context, async (client) => {
    const { members } = client.conversations.find(conversation);
    const { epoch } = await members[action]([handle], { signal: context.signal });
    const done = action === 'add' ? 'is in' : 'is out';
    await context.output.result({ epoch }, `${handle} ${done}, from epoch ${epoch} on.`);
  });
}
