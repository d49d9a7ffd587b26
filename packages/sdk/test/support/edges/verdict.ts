import { isAcknowledged, LASTING, type Book, type Said } from './book.ts';
import type { Line, Snapshot, View } from './driver.ts';

/** What one tab shows. */
export interface Shown {
  who: string;
  handle: string;
  /** Whether this is the one who comes and goes. */
  isGuest: boolean;
  snapshot: Snapshot;
}

interface Seen extends Omit<Shown, 'snapshot'> {
  view: View;
}

/**
 * Lists what has not settled: tabs that are not online or whose calls have not ended, and members of a conversation who
 * wait, have trouble, or are not where the others are.
 */
export function unsettled(shown: readonly Shown[], { leavers }: Book): string[] {
  return [
    ...shown.flatMap(({ who, snapshot: { connection, trouble, calls } }) => [
      ...(connection === 'online' ? [] : [`${who} is ${connection}`]),
      ...(trouble === undefined ? [] : [`${who} has trouble: ${trouble}`]),
      ...calls.map((call) => `${who}: ${call} has not ended`),
    ]),
    ...[...leavers].flatMap(([name, left]) => unsettledIn(name, left, shown)),
  ];
}

function unsettledIn(name: string, left: ReadonlySet<string>, shown: readonly Shown[]): string[] {
  const seen = seenIn(name, shown);
  // A tab can die before it has created what it was told to, or its account leave before anybody else was in it.
  if (seen.every(({ view }) => view.state === 'left')) return [];
  const regulars = seen.filter(({ isGuest, view }) => !isGuest && view.state === 'active');
  const [first] = regulars;
  const missing = shown.flatMap(({ who, isGuest, snapshot }) =>
    isGuest || Object.hasOwn(snapshot.conversations, name) ? [] : [`${who} does not have it`],
  );
  const states = seen.flatMap(({ who, handle, isGuest, view: { state } }) => {
    const isMember = isGuest ? (first?.view.members.includes(handle) ?? false) : !left.has(handle);
    if (isMember) return state === 'active' ? [] : [`${who} is a member, and ${state}`];
    // Whoever was told to leave may have died before.
    const expected = isGuest ? ['removed', 'left'] : ['left', 'active'];
    return expected.includes(state) ? [] : [`${who} is ${state}`];
  });
  const members = seen.filter(({ view }) => view.state === 'active');
  const end = Math.max(...regulars.map(({ view }) => view.readUpTo));
  const views = members.flatMap(({ who, handle, isGuest, view }) => {
    const { waiting, trouble, epoch, authenticator, readUpTo, unread } = view;
    const found = waiting.map((change) => `${who} waits: ${change}`);
    if (trouble !== undefined) found.push(`${who} has trouble: ${trouble}`);
    if (authenticator !== first?.view.authenticator) found.push(`${who} is in epoch ${epoch}`);
    // Whoever was just added has no receipt before the next entry.
    if (readUpTo !== end && !(isGuest && readUpTo === 1))
      found.push(`${who} has read up to ${readUpTo} of ${end}`);
    const other = members.find((one) => one.handle === handle && one.view.unread !== unread);
    if (other !== undefined) found.push(`${who} counts ${unread} unread, ${other.who} ${other.view.unread}`);
    return found;
  });
  return [...missing, ...states, ...views].map((what) => `in ${name}, ${what}`);
}

export interface Verdict {
  lost: string[];
  doubled: string[];
  /** All else: what was refused, cannot be opened, stands in another order or with one tab only. */
  others: string[];
}

/** Compares what all tabs show with what was acknowledged. The snapshots must have all lines. */
export function judge(shown: readonly Shown[], book: Book): Verdict {
  const verdict: Verdict = { lost: [], doubled: [], others: [] };
  const guests = new Set(shown.filter(({ isGuest }) => isGuest).map(({ handle }) => handle));
  for (const [name, left] of book.leavers) {
    const said = [...book.said.values()].filter(({ conversation }) => conversation === name);
    const seen = seenIn(name, shown);
    if (seen.length === 0)
      verdict.lost.push(
        ...said.filter(isAcknowledged).map(({ text }) => `nobody has ${name}, with “${text}”`),
      );
    verdict.others.push(...said.flatMap((one) => refusalOf(one, { left, guests })));
    let textsOfFirst: string | undefined;
    for (const one of seen) {
      const texts = textsOf(one.view.lines);
      const isWhole = !one.isGuest && one.view.state === 'active';
      for (const text of new Set(texts)) {
        const times = texts.filter((other) => other === text).length;
        if (times > 1) verdict.doubled.push(`${one.who} sees “${text}” ${times} times`);
      }
      const present = new Set(texts);
      for (const { text, outcome } of said.filter((one) => isWhole && isAcknowledged(one)))
        if (!present.has(text))
          verdict.lost.push(`${one.who} does not see “${text}” (${outcome}) in ${name}`);
      for (const { text, outcome } of said)
        if (present.has(text) && (outcome === 'cancelled' || outcome === 'refused'))
          verdict.others.push(`${one.who} sees “${text}”, which was ${outcome}`);
      verdict.others.push(...one.view.lines.flatMap((line) => amissIn(line, one)));
      verdict.others.push(...disorder(texts, book).map((what) => `${one.who} sees ${what}`));
      if (!isWhole) continue;
      const sorted = [...texts].sort().join('\n');
      textsOfFirst ??= sorted;
      if (sorted !== textsOfFirst)
        verdict.others.push(`${one.who} sees other texts of ${name} than the first`);
    }
  }
  return verdict;
}

/** Members may be refused nothing. Whoever has left, or the guest, may be out. */
function refusalOf(
  { text, by, conversation, refusal }: Said,
  { left, guests }: { left: ReadonlySet<string>; guests: ReadonlySet<string> },
): string[] {
  if (refusal === undefined) return [];
  const isGuest = guests.has(by);
  const isOut = (isGuest || left.has(by)) && refusal === 'CONVERSATION_ENDED';
  // What somebody else has just made, or was killed while making, a tab may not have.
  const isUnknown = (isGuest || !LASTING.includes(conversation)) && refusal === 'CONVERSATION_NOT_FOUND';
  return isOut || isUnknown ? [] : [`“${text}” was refused: ${refusal}`];
}

function amissIn({ type, state, text, code }: Line, { who, isGuest }: Seen): string[] {
  if (type === 'copied') return [`${who} believes in a copy of its storage`];
  if (state === 'queued') return [`${who} sees “${text ?? type}” wait`];
  const isExpected = type !== 'undecryptable' || (isGuest && code === 'CANNOT_FOLLOW');
  return isExpected ? [] : [`${who} cannot open a line: ${code ?? 'no code'}`];
}

/**
 * Texts that stand in another order than they were said in: those of one tab, and those of two tabs of a device if one
 * was accepted before the other was ordered.
 */
function disorder(texts: readonly string[], { said }: Book): string[] {
  const found: string[] = [];
  /** Of what stands later, by sender and by tab. */
  const earliest = new Map<string, Said>();
  const next = new Map<string, Said>();
  for (const text of [...texts].reverse()) {
    const one = said.get(text);
    if (one === undefined) {
      found.push(`“${text}”, which nobody said`);
      continue;
    }
    const later = earliest.get(one.by);
    const isLate = later?.acceptedAt !== undefined && later.acceptedAt < one.orderedAt;
    const following = next.get(one.tab);
    if (isLate) found.push(`“${one.text}” before “${later.text}”`);
    else if (following !== undefined && following.number < one.number)
      found.push(`“${one.text}” before “${following.text}”`);
    next.set(one.tab, one);
    if ((one.acceptedAt ?? Infinity) < (later?.acceptedAt ?? Infinity)) earliest.set(one.by, one);
  }
  return found;
}

function seenIn(name: string, shown: readonly Shown[]): Seen[] {
  return shown.flatMap(({ snapshot, ...one }) => {
    const view = snapshot.conversations[name];
    return view === undefined ? [] : [{ ...one, view }];
  });
}

/** The texts of a history, without own ones that failed. */
function textsOf(lines: readonly Line[]): string[] {
  return lines.flatMap(({ type, text, state }) =>
    type === 'text' && text !== undefined && state !== 'failed' ? [text] : [],
  );
}
