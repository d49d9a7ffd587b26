/**
 * Whether a test has what it needs of this machine: `missing` is the sentence that says how to get what is not there. Then
 * it is printed, and the tests are left out; in CI, which has to have it all, that is an error.
 */
export function isHere(missing: string | undefined): boolean {
  if (missing === undefined) return true;
  if (process.env['CI'] !== undefined) throw new Error(missing);
  console.warn(missing);
  return false;
}
