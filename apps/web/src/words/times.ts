const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const weekday = new Intl.DateTimeFormat('en', { weekday: 'long' });
const date = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'long' });
const dateWithYear = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'long', year: 'numeric' });

/** `14:05` */
export function clockTime(atMs: number): string {
  return clock.format(atMs);
}

/** `Today`, `Yesterday`, `Monday`, `3 March`: the day as one would say it now. */
export function dayName(atMs: number, nowMs: number): string {
  const days = daysBetween(atMs, nowMs);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  if (days > 1 && days < 7) return weekday.format(atMs);
  const sameYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear();
  return (sameYear ? date : dateWithYear).format(atMs);
}

/** The clock for today, the day for what is older. */
export function shortTime(atMs: number, nowMs: number): string {
  return daysBetween(atMs, nowMs) === 0 ? clockTime(atMs) : dayName(atMs, nowMs);
}

/** `less than a minute`, `5 minutes`, `3 hours`, `2 days`. */
export function duration(ms: number): string {
  if (ms < MINUTE_MS) return 'less than a minute';
  if (ms < HOUR_MS) return counted(Math.floor(ms / MINUTE_MS), 'minute');
  if (ms < DAY_MS) return counted(Math.floor(ms / HOUR_MS), 'hour');
  return counted(Math.floor(ms / DAY_MS), 'day');
}

/** `1 epoch`, `2 epochs` */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Whether two moments are on one calendar day here. */
export function sameDay(a: number, b: number): boolean {
  return daysBetween(a, b) === 0;
}

/** Calendar days, not spans of 24 hours. Rounded, because a day with a change of the clock has 23 or 25 of them. */
function daysBetween(earlierMs: number, laterMs: number): number {
  return Math.round((startOfDay(laterMs) - startOfDay(earlierMs)) / DAY_MS);
}

function startOfDay(atMs: number): number {
  return new Date(atMs).setHours(0, 0, 0, 0);
}
