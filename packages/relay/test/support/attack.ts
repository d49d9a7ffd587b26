import { expect, test } from 'vitest';
import { takeOut, type Defence } from './defences.ts';
import { makeDefencesRemovable, takeOutElsewhere } from './relay-processes.ts';

/**
 * Two tests of an attack, which counts what it gains that nobody may have: a relay gives it nothing, and one without this
 * one defence does. Without the second, nothing would show that the first can fail.
 */
export function gainsNothing(title: string, defence: Defence, attack: () => Promise<number>): void {
  makeDefencesRemovable();
  test(`${title}: nothing is gained`, async () => {
    expect(await attack()).toBe(0);
  });
  test(`${title}: without ${defence}, it is`, async () => {
    expect(await without(defence, attack)).toBeGreaterThan(0);
  });
}

/** Lets an attack run against relays that lack this defence. */
export async function without<T>(defence: Defence, attack: () => Promise<T>): Promise<T> {
  await takeOutEverywhere([defence]);
  try {
    return await attack();
  } finally {
    await takeOutEverywhere([]);
  }
}

async function takeOutEverywhere(defences: readonly Defence[]): Promise<void> {
  takeOut(defences);
  await takeOutElsewhere(defences);
}
