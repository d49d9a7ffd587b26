/**
 * Every bound that a relay enforces and a client must respect, in one place. Sizes are in bytes, times in
 * milliseconds.
 */
export const LIMITS = {
  /** Shortest and longest handle, in characters. */
  handle: { min: 1, max: 32 },
  /** One application message or proposal as it is sent: ciphertext, padding included. */
  maxMessageBytes: 96 * 1024,
  /** Messages in one `groups.post`. */
  maxPostEntries: 64,
  /** Bytes of the messages in one `groups.post`, together. base64url adds a third; the body stays below half of its limit. */
  maxPostBytes: 4 * 1024 * 1024,
  /** One signal. Several processes of a relay tell each other of it in one text, which is bounded. */
  maxSignalBytes: 2 * 1024,
  /** One commit. It carries the key package of each device that it adds: 0.5 kB, in the hybrid suite 2.9 kB. */
  maxCommitBytes: 4 * 1024 * 1024,
  /** What the joiners of one commit share, the ratchet tree above all: 2.8 MB for a full one of 1,000 in the hybrid suite. */
  maxSharedWelcomeBytes: 3 * 1024 * 1024,
  /** What one joiner gets of its own: 0.15 kB, in the hybrid suite 1.2 kB. */
  maxJoinerSecretsBytes: 4 * 1024,
  /** Devices that one commit can welcome. */
  maxJoiners: 1_000,
  /** One key package. The hybrid suite's are about 1.7 kB without the credential. */
  maxKeyPackageBytes: 8 * 1024,
  /** Key packages in one upload, and single-use ones kept for one device and suite. */
  maxKeyPackagesPerPublish: 100,
  maxKeyPackagesPerDevice: 200,
  /** A device with fewer single-use ones than this is told that its pool is low. */
  lowKeyPackages: 5,
  /** Handles in one claim. */
  maxClaimHandles: 100,
  /** Entries in one page of a group log or an inbox. Larger requests are cut to this. */
  maxPageEntries: 500,
  /** Bytes after which a page ends early; it always holds at least one entry. */
  maxPageBytes: 4 * 1024 * 1024,
  /** Welcomes that wait in one inbox, and their bytes, each with its shared part. */
  maxInboxWelcomes: 500,
  maxInboxBytes: 256 * 1024 * 1024,
  /** The address at which a push service takes pushes for a device, in characters. */
  maxPushEndpointChars: 1_024,
  /** Groups that one stream can follow, and that one `groups.heads` can ask about. */
  maxStreamGroups: 500,
  /**
   * One HTTP request body. The largest commit, the largest shared part and the secrets of 1,000 joiners in the hybrid
   * suite are 8.2 MiB; base64url adds a third to them.
   */
  maxBodyBytes: 12 * 1024 * 1024,
  /** The least of a request body that has to come in a minute, for the relay to wait for the rest. */
  leastBodyBytesPerMinute: 64 * 1024,
  /** Calls in one tRPC batch. */
  maxBatchCalls: 16,
  /** How long a sign-in challenge can be answered. */
  challengeLifetimeMs: 30_000,
  /** How long a session token is good for. */
  sessionLifetimeMs: 60 * 60 * 1_000,
  /** How far a proof's time may be from the relay's, either way. Nonces are remembered for twice as long. */
  proofWindowMs: 5 * 60 * 1_000,
  /** How long the relay keeps a key package, and remembers that one was handed out: their lifetime (RFC 9420 §7.2). */
  keyPackageKeptMs: 84 * 24 * 60 * 60 * 1_000,
  /** How long a Welcome waits for its joiners: as long as they keep the private keys for it, a week more than that. */
  welcomeKeptMs: 91 * 24 * 60 * 60 * 1_000,
  /** The longest that a stream says nothing: a ping comes, at least. */
  streamPingMs: 15_000,
  /** How long a stream ticket can be redeemed. */
  ticketLifetimeMs: 30_000,
  /** One blob: an attachment as it is sent, ciphertext. */
  maxBlobBytes: 100 * 1024 * 1024,
  /** What the blobs of one group can have together, and how many there can be. Counted from their creation. */
  maxGroupBlobBytes: 1024 * 1024 * 1024,
  maxGroupBlobs: 10_000,
  /** How long a whole blob is kept, and one that is still being uploaded; so long its upload token is good. */
  blobKeptMs: 30 * 24 * 60 * 60 * 1_000,
  uploadKeptMs: 24 * 60 * 60 * 1_000,
  /** How long a token opens a blob for reading. */
  downloadTokenLifetimeMs: 10 * 60 * 1_000,
} as const;
