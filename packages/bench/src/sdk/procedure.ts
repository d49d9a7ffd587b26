import type { Tally } from './tally.ts';

export function countCall(address: string, tally: Tally): void {
  tally.add('relay calls');
  tally.add(`relay call ${procedureOf(address)}`);
}

/** `groups.post` of `/trpc/groups.post?batch=1`; of other addresses, their first part. */
export function procedureOf(address: string): string {
  const [, first = '', second] = new URL(address, 'http://localhost').pathname.split('/');
  return first === 'trpc' && second !== undefined ? second : first;
}
