/** How calls follow each other: at equal distances, or as independent people make them. */
export type Spacing = 'uniform' | 'poisson';

export interface Load {
  /** Calls in a second, in the mean. */
  rate: number;
  seconds: number;
  spacing: Spacing;
  /** From 0 to below 1. */
  random?: () => number;
}

/**
 * When each call of an open loop is due, in milliseconds from its start. Decided before the first is made: a server that
 * falls behind gets no pause for it, as it would from clients that wait for an answer before they ask again.
 */
export function arrivals({ rate, seconds, spacing, random = Math.random }: Load): number[] {
  const mean = 1_000 / rate;
  const end = seconds * 1_000;
  const due: number[] = [];
  const gap = spacing === 'uniform' ? () => mean : () => -Math.log(1 - random()) * mean;
  for (let at = spacing === 'uniform' ? 0 : gap(); at < end; at += gap()) due.push(at);
  return due;
}
