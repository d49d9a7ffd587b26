import type { Command } from './command.ts';
import { createConversation, listConversations } from './commands/conversations.ts';
import { addKeyFile, addPassphrase, changeKey, listKeys, removeKey } from './commands/keys.ts';
import { leave } from './commands/leave.ts';
import { listen } from './commands/listen.ts';
import { addMember, listMembers, removeMember } from './commands/members.ts';
import { receipts } from './commands/receipts.ts';
import { register } from './commands/register.ts';
import { security } from './commands/security.ts';
import { send } from './commands/send.ts';
import { update } from './commands/update.ts';
import { verifyFork } from './commands/verify-fork.ts';
import { verify } from './commands/verify.ts';

/** Every command, in the order of the overview. */
export const COMMANDS: readonly Command[] = [
  register,
  listConversations,
  createConversation,
  send,
  listen,
  listMembers,
  addMember,
  removeMember,
  update,
  leave,
  security,
  verify,
  receipts,
  verifyFork,
  listKeys,
  addPassphrase,
  addKeyFile,
  changeKey,
  removeKey,
];
