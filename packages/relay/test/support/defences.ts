import { RelayError } from '../../src/errors.ts';
import type * as rateLimit from '../../src/limits/rate-limit.ts';
import type * as signatures from '../../src/proof/signatures.ts';
import type * as accounts from '../../src/store/accounts.ts';
import type * as commits from '../../src/store/append-commit.ts';
import type * as messages from '../../src/store/append-messages.ts';
import type * as groups from '../../src/store/groups.ts';
import type { Db } from '../../src/store/schema.ts';
import type * as secrets from '../../src/store/secrets.ts';
import type * as welcomes from '../../src/store/welcomes.ts';
import type * as topics from '../../src/streams/topics.ts';

/**
 * What protects a relay, and what a test takes out of it to show that it would see its attack: without the one defence,
 * and with all others, the attack has to succeed. The tests put these functions where the relay has its own (`vi.mock`), and
 * relays in processes of their own have them there, too (`removable-defences.ts`).
 */
export type Defence =
  | 'signatures'
  | 'nonces'
  | 'challenges'
  | 'tickets'
  | 'the ends of epochs'
  | 'the epochs of writes'
  | 'the epochs of signals'
  | 'one answer'
  | 'rates'
  | 'shares of pools'
  | 'shares of inboxes'
  | 'the room of inboxes';

const out = new Set<Defence>();
let checked = 0;

/** Lets the relays of this process lack these defences, and have all others. */
export function takeOut(defences: readonly Defence[]): void {
  out.clear();
  for (const defence of defences) out.add(defence);
}

/**
 * How many signatures the relays of this process have looked at so far: the work by whose time a caller could tell answers
 * apart.
 */
export function signaturesChecked(): number {
  return checked;
}

export const mocked = {
  signatures: (real: typeof signatures) => ({
    ...real,
    isSignedBy: async (...args: Parameters<typeof real.isSignedBy>) => {
      checked += 1;
      return out.has('signatures') || (await real.isSignedBy(...args));
    },
  }),

  secrets: (real: typeof secrets) => ({
    ...real,
    useNonces: async (...args: Parameters<typeof real.useNonces>) =>
      out.has('nonces') || (await real.useNonces(...args)),
    takeChallenge: async (...args: Parameters<typeof real.takeChallenge>) =>
      out.has('challenges') || (await real.takeChallenge(...args)),
    takeTicket: async (...[db, ticket, now]: Parameters<typeof real.takeTicket>): Promise<unknown> => {
      if (!out.has('tickets')) return real.takeTicket(db, ticket, now);
      const hash = real.hashOf(ticket);
      const left = db.selectFrom('tickets').selectAll().where('ticket_hash', '=', hash);
      return JSON.parse((await left.executeTakeFirstOrThrow()).subscription);
    },
  }),

  groups: (real: typeof groups) => {
    const unending = (access: groups.Access | undefined) =>
      access && out.has('the ends of epochs')
        ? { ...access, isEnded: false, readableTo: access.head.sequence }
        : access;
    return {
      ...real,
      findAccess: async (...[db, groupId, accessKey]: Parameters<typeof real.findAccess>) => {
        const log = db.selectFrom('logs').select('log_id').where('group_id', '=', groupId);
        told(await log.executeTakeFirst());
        return unending(await real.findAccess(db, groupId, accessKey));
      },
      findEpoch: async (...args: Parameters<typeof real.findEpoch>) =>
        unending(await real.findEpoch(...args)),
    };
  },

  commits: (real: typeof commits) => ({
    ...real,
    appendCommit: async (...[db, commit]: Parameters<typeof real.appendCommit>) =>
      real.appendCommit(db, await forHead(db, commit)),
  }),

  messages: (real: typeof messages) => ({
    ...real,
    appendMessages: async (...[db, batch]: Parameters<typeof real.appendMessages>) =>
      real.appendMessages(db, await forHead(db, batch)),
  }),

  topics: (real: typeof topics) => ({
    ...real,
    signalTopic: (...[logId, epoch]: Parameters<typeof real.signalTopic>) =>
      real.signalTopic(logId, out.has('the epochs of signals') ? 0 : epoch),
  }),

  accounts: (real: typeof accounts) => ({
    ...real,
    findDevice: async (...args: Parameters<typeof real.findDevice>) => told(await real.findDevice(...args)),
  }),

  rateLimit: (real: typeof rateLimit) => ({
    ...real,
    consume: (...args: Parameters<typeof real.consume>) => {
      if (!out.has('rates')) real.consume(...args);
    },
    exhaustedShares: (...args: Parameters<typeof real.exhaustedShares>) =>
      out.has('shares of pools') ? new Set<string>() : real.exhaustedShares(...args),
    consumeWelcomes: (...args: Parameters<typeof real.consumeWelcomes>) => {
      if (!out.has('shares of inboxes')) real.consumeWelcomes(...args);
    },
  }),

  welcomes: (real: typeof welcomes) => ({
    ...real,
    findFullInbox: async (...args: Parameters<typeof real.findFullInbox>) =>
      out.has('the room of inboxes') ? undefined : real.findFullInbox(...args),
  }),
};

/** Without the epochs of writes, a write goes where its log stands. */
async function forHead<Write extends { groupId: string }>(db: Db, write: Write): Promise<Write> {
  if (!out.has('the epochs of writes')) return write;
  const head = db.selectFrom('logs').select('epoch').where('log_id', '=', write.groupId);
  return { ...write, ...(await head.executeTakeFirstOrThrow()) };
}

/** Without the one answer, what is not there is said not to be there. */
function told<T>(found: T | undefined): T | undefined {
  if (found === undefined && out.has('one answer')) throw new RelayError('NOT_FOUND');
  return found;
}
