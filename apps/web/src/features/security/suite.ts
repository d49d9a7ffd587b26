/** The hybrid suites (draft-ietf-mls-pq-ciphersuites). */
const HYBRID: readonly number[] = [0x004e, 0x004f];

/** `0x004F`, as the registry writes it. */
export function suiteNumber(suite: number): string {
  return `0x${suite.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** What a suite means for the person. Signatures are classical in all of them, and that is said. */
export function suiteNote(suite: number): string {
  return HYBRID.includes(suite)
    ? 'End-to-end encrypted, even against someone who records it now and breaks it later with a quantum computer. Signatures are not post-quantum yet.'
    : 'End-to-end encrypted. This suite does not protect against someone who records it now and breaks it later with a quantum computer.';
}
