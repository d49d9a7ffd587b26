import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a condition holds. The bound is there so that a test ends, not to say how fast something is.
 *
 * @throws {Error} naming `what` where it does not hold after `timeoutMs`
 */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { timeoutMs = 20_000 }: { timeoutMs?: number } = {},
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`did not come true within ${timeoutMs} ms: ${what}`);
    await sleep(20);
  }
}
