/**
 * Every bound that a relay enforces and a client must respect, in one place. Sizes are in bytes, times in
 * milliseconds.
 */
export const LIMITS = {
  /** Shortest and longest handle, in characters. */
  handle: { min: 1, max: 32 },
  /** One application message or proposal as it is sent: ciphertext, padding included. */
  maxMessageBytes: 96 * 1024,
  /** One commit. A bare tree of 1,000 leaves makes 83 kB in the classical suites; the hybrid suite carries 1.2 kB a leaf. */
  maxCommitBytes: 2 * 1024 * 1024,
  /** One Welcome, ratchet tree included. */
  maxWelcomeBytes: 2 * 1024 * 1024,
  /** Devices that one commit can welcome. */
  maxWelcomeRecipients: 1_000,
  /** One key package. The hybrid suite's are about 1.7 kB without the credential. */
  maxKeyPackageBytes: 8 * 1024,
  /** Key packages in one upload, and single-use ones kept for one device and suite. */
  maxKeyPackagesPerPublish: 100,
  maxKeyPackagesPerDevice: 200,
  /** Handles in one claim. */
  maxClaimHandles: 100,
  /** Entries in one page of a group log or an inbox. Larger requests are cut to this. */
  maxPageEntries: 500,
  /** Bytes after which a page ends early; it always holds at least one entry. */
  maxPageBytes: 4 * 1024 * 1024,
  /** Groups that one stream can follow. */
  maxStreamGroups: 500,
  /** One HTTP request body. Base64url adds a third to the largest commit with its Welcome. */
  maxBodyBytes: 6 * 1024 * 1024,
  /** Calls in one tRPC batch. */
  maxBatchCalls: 16,
  /** How long a sign-in challenge can be answered. */
  challengeLifetimeMs: 30_000,
  /** How long a session token is good for. */
  sessionLifetimeMs: 60 * 60 * 1_000,
  /** How far a proof's time may be from the relay's, either way. Nonces are remembered for twice as long. */
  proofWindowMs: 5 * 60 * 1_000,
  /** How long a stream ticket can be redeemed. */
  ticketLifetimeMs: 30_000,
} as const;
