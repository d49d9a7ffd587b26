import { expect, test } from 'vitest';
import { without, type Defence } from './defences.ts';

/**
 * Two tests of an attack, which counts what it gains that nobody may have: a relay gives it nothing, and one without this
 * one defence does. Without the second, nothing would show that the first can fail.
 */
export function gainsNothing(title: string, defence: Defence, attack: () => Promise<number>): void {
  test(`${title}: nothing is gained`, async () => {
    expect(await attack()).toBe(0);
  });
  test(`${title}: without ${defence}, it is`, async () => {
    expect(await without(defence, attack)).toBeGreaterThan(0);
  });
}
