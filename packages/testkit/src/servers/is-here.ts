/**
 * Whether a test has what it needs of this machine; `missing` says how to get what is not there. Without it the tests are
 * left out, and the sentence is printed. In CI it is an error; scripts/check-programs.mjs finds it before any test starts.
 */
export function isHere(missing: string | undefined): boolean {
  if (missing === undefined) return true;
  if (process.env['CI'] !== undefined) throw new Error(missing);
  console.warn(`Left out: ${missing}`);
  return false;
}
