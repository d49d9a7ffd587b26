import { InternalError, QuicprochatError, toSentence, type ErrorCode } from '@quicprochat/sdk';

const OTHER_HOME = 'choose another home with --home';

/** The SDK tells programs which call to change. Where its sentence does that, qpc says which command to run. */
const SENTENCES: Partial<Record<ErrorCode, string | ((details: Details) => string)>> = {
  NOT_REGISTERED: `Nobody is registered in this home. Run qpc register HANDLE --relay URL, or ${OTHER_HOME}.`,
  HANDLE_MISMATCH: ({ handle = 'another handle' }) =>
    `This home belongs to ${handle}, and a home holds one account. To register a new handle, ${OTHER_HOME}.`,
  RELAY_MISMATCH: ({ relay = 'another relay' }) =>
    `The account in this home belongs to ${relay}. Pass that address as --relay, or ${OTHER_HOME}.`,
  CLOSED: 'qpc was already ending. Run the command again.',
  CONVERSATION_NOT_FOUND:
    'No conversation has this id or name. Run qpc conversations to see those that you have.',
  AMBIGUOUS_NAME:
    'Several conversations have this name. Use the id: qpc conversations shows it at the end of each line.',
  IDENTITY_CHANGED: ({ handle = 'this person' }) =>
    `The account key of ${handle} has changed. Run qpc verify ${handle}, and compare the number before you continue.`,
  SAFETY_NUMBER_MISMATCH: ({ handle = 'this person' }) =>
    `This is not the current safety number that you share with ${handle}. Run qpc verify ${handle}, and compare the number that it shows.`,
  RELAY_FORKED:
    'The relay signed two different logs of this conversation, so it cannot be trusted. Save what qpc receipts CONVERSATION --json prints, and use another relay.',
  HEALING_OVERDUE:
    'This home has not made fresh keys for too long, so it sends nothing. Run qpc update CONVERSATION, then send again.',
  IDEMPOTENCY_CONFLICT: 'The relay has other content under the same id. Run the command again.',
  PROTOCOL_VERSION_MISMATCH: ({ update }) =>
    update === 'app'
      ? 'This qpc is too old for the relay. Install the current version of quicprochat.'
      : 'The relay is too old for this qpc. Ask whoever runs the relay to update it.',
  UNSUPPORTED_RUNTIME: `This is Node ${process.versions.node}, and qpc needs Node 22.14 or newer. Install that, then run the command again.`,
  WORKER_NOT_FOUND: 'A file of qpc is missing or cannot be read. Install quicprochat again.',
  WASM_NOT_FOUND: 'A file of qpc is missing or cannot be read. Install quicprochat again.',
  WORKER_STOPPED:
    'The part of qpc that holds the keys has stopped. The home is intact: run the command again.',
  STORE_CONTENTION: 'Another program keeps changing this home. Run the command again.',
  STORE_VERSION: `Another version of quicprochat wrote this home, and this one cannot read it. Use that version, or ${OTHER_HOME}.`,
  STORE_TOO_NEW: `A newer version of quicprochat wrote this home. Use that version, or ${OTHER_HOME}.`,
  STORE_TOO_OLD: `An older version of quicprochat wrote this home, and this one cannot read it. Use that version, or ${OTHER_HOME}.`,
  STORE_KEY_MISSING:
    'The file qpc.db.key in this home is missing or damaged. Put an intact copy back: nothing else opens the home.',
  STORE_KEY_WRONG:
    'The file qpc.db.key in this home belongs to another home. Put the right one back: nothing else opens the home.',
  STORE_LOCKED:
    'This home is locked. Pass its passphrase with --passphrase-fd N or in the variable QPC_PASSPHRASE.',
  PASSPHRASE_WRONG: 'This passphrase does not open this home. Nothing was changed; run the command again.',
  SECRET_WRONG: 'This home is locked by a secret, and qpc has none. Open it with the program that locked it.',
  KEY_SLOT_NOT_FOUND: 'This home has no key slot with this id. Run qpc keys to see those that it has.',
  KEY_SLOT_LAST: 'Nothing else opens this home. Add a passphrase first: qpc help keys tells how.',
  KEY_SLOTS_FULL: 'This home has as many key slots as it can have. Remove one first: qpc keys shows them.',
  KEY_SLOTS_UNSUPPORTED: 'This home keeps its key in a way of its own. Choose another home with --home.',
  STORE_CORRUPT: `A record in this home is damaged. Check the disk; if it stays damaged, ${OTHER_HOME}.`,
  KEYS_ERASED:
    'An older copy of this home was put back, or the file qpc.db.ring is missing. Ask a member to remove this device from the conversation and add it again.',
  STORE_ROLLED_BACK: `Part of this home is older than the rest, as when a copy was put back. For a new account, ${OTHER_HOME}.`,
};

/** Of an error's details, what sentences name. */
interface Details {
  handle?: string | undefined;
  relay?: string | undefined;
  /** Which side is behind. */
  update?: 'app' | 'relay';
}

/** The codes of failures at the relay or on the way to it. Their sentences name its address. */
const AT_THE_RELAY: ReadonlySet<ErrorCode> = new Set([
  'NETWORK',
  'UNAVAILABLE',
  'RELAY_MISBEHAVED',
  'PROTOCOL_VERSION_MISMATCH',
]);

/** What went wrong and what to do next, in the words of qpc. `relay` is the address of the relay that was asked. */
export function sentenceFor(error: unknown, relay?: string): string {
  if (!(error instanceof QuicprochatError)) return toSentence(error);
  if (error instanceof InternalError)
    return 'An internal error stopped this command. Run it again; if it happens again, report it.';
  const isQueued = error.details['queued'] === true;
  const own = SENTENCES[error.code];
  const sentence = (typeof own === 'function' ? own(error.details) : own) ?? toSentence(causeOf(error));
  const at = AT_THE_RELAY.has(error.code) && relay !== undefined ? ` The relay’s address is ${relay}.` : '';
  return `${sentence}${at}${isQueued ? queued(error) : ''}`;
}

/** If it was only the relay that was not reached, no more is needed than another command. */
function queued({ code }: QuicprochatError): string {
  const next = code === 'NETWORK' ? ', and the next command that reaches the relay sends it' : '';
  return ` The message or change stays queued${next}; do not repeat it.`;
}

/** Without what the SDK adds about the queue: qpc says it in its own words. */
function causeOf(error: QuicprochatError): QuicprochatError {
  return error.details['queued'] === true && error.cause instanceof QuicprochatError ? error.cause : error;
}
