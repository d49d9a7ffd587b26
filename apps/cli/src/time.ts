const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** A moment as people here write it. Senders' clocks are theirs: what is no moment at all is shown as such. */
export function localTime(ms: number): string {
  return Number.isNaN(new Date(ms).getTime()) ? '(no time)' : moment.format(ms);
}

/** A length of time in its largest whole unit: `3 hours ago`. */
export function ago(ms: number): string {
  const units = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
  ] as const;
  for (const [name, lengthMs] of units) {
    const count = Math.floor(ms / lengthMs);
    if (count > 0) return `${count} ${name}${count === 1 ? '' : 's'} ago`;
  }
  return 'just now';
}
