import type { Generated, Kysely } from 'kysely';

/** Everything that a relay keeps. The docs page "what the relay sees" explains each column; a test holds it to this. */
export interface Schema {
  accounts: { handle: string; account_key: Buffer };
  devices: { device_id: string; handle: string; device_key: Buffer; certificate: Buffer };
  challenges: { challenge: Buffer; expires_at: number };
  sessions: { token_hash: Buffer; device_id: string; expires_at: number };
  key_packages: {
    id: Generated<number>;
    device_id: string;
    suite: number;
    last_resort: number;
    payload: Buffer;
    /** Of single-use ones: tells a repeated upload. */
    hash: Buffer | null;
    /** Days since 1970, as wherever it stands. */
    expires_on: number | null;
  };
  /** Single-use key packages that were handed out: not whose they were, and not to whom. */
  spent_key_packages: { hash: Buffer; expires_on: number | null };
  logs: {
    log_id: string;
    group_id: string;
    epoch: number;
    sequence: number;
    head: Buffer;
    branch: string;
    base_log_id: string | null;
    base_sequence: number;
    candidate: number;
  };
  epochs: {
    log_id: string;
    epoch: number;
    group_id: string;
    access_key: Buffer;
    ended_by: number | null;
    /** How many commits were brought to end it. */
    commits: number;
  };
  entries: {
    log_id: string;
    sequence: number;
    epoch: number;
    kind: 'commit' | 'message';
    entry_id: string;
    payload: Buffer;
    digest: Buffer;
    head: Buffer;
  };
  /** One row: what the relay signs its receipts with. */
  receipt_key: { id: number; private_key: Buffer };
  /** One row: what push services know the relay by. */
  push_key: { id: number; private_key: Buffer };
  /** Where a device is told that something came into its inbox; one for each. */
  push_subscriptions: { device_id: string; endpoint: string };
  welcomes: {
    welcome_id: Generated<number>;
    group_id: string;
    group_sequence: number;
    shared: Buffer;
    expires_on: number | null;
  };
  inbox: {
    device_id: string;
    sequence: number;
    welcome_id: number;
    secrets: Buffer;
    /** What `bytes` of the inbox's head was before this came. */
    preceding_bytes: Generated<number>;
  };
  /** `bytes` is how many have ever come, each Welcome's shared part included. */
  inbox_heads: { device_id: string; sequence: number; bytes: Generated<number> };
  blobs: {
    blob_id: string;
    log_id: string;
    /** The keys of this epoch of that log, and of those after it, open the blob. */
    epoch: number;
    size: number;
    sha256: Buffer | null;
    /** How many of its bytes are stored, from the first on. */
    stored: number;
    state: 'uploading' | 'whole' | 'removed';
    expires_on: number;
  };
  /** What a blob consists of, piece after piece without a gap. `name` is what the bytes are stored under. */
  blob_parts: { blob_id: string; position: number; size: number; name: string };
  blob_tokens: { token_hash: Buffer; blob_id: string; use: 'upload' | 'download'; expires_at: number };
  nonces: { nonce: Buffer; expires_at: number };
  tickets: { ticket_hash: Buffer; subscription: string; expires_at: number };
  /** What running streams are to follow, too, until they have it. */
  follow_ups: { id: Generated<number>; stream_hash: Buffer; groups: string; expires_at: number };
}

/** An open store, or a transaction in it. Which database it is, queries do not know. */
export type Db = Kysely<Schema>;
