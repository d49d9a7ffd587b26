import type { WorkerRequest, WorkerResponse } from '@quicprochat/sdk/testing';

/** Where a PrivateMessage says its group and its epoch (RFC 9420 §6.3): 16 bytes and their length, and 8 bytes. */
const PLACE = { from: 4, to: 4 + 1 + 16 + 8 };

/**
 * Watches one storage's clients. Once they have stored that the log holds a message of theirs that they did not write,
 * they may seal nothing more in that epoch: a copy may have used the same keys.
 */
export class KeyUse {
  /** Epochs of groups in which such a message was found, and the finding was stored. */
  readonly #found = new Set<string>();
  /** What each tab has found, and not stored yet. */
  readonly #finding = new Map<object, string[]>();
  readonly #sealedLate = new Set<string>();
  /** How many messages were sealed after that and posted. */
  postedLate = 0;

  /** Notes what a tab's worker answered. */
  heard(tab: object, request: WorkerRequest, response: WorkerResponse): void {
    if (!response.ok) return;
    if (request.name === 'group.open') {
      const opened = response.result as { kind: string; error?: { code: string } }[];
      const own = request.data.messages.filter((_, n) => opened[n]?.error?.code === 'OWN_MESSAGE');
      if (own.length > 0) this.#finding.set(tab, own.map(placeOf));
    }
    if (request.name === 'group.encrypt') {
      const late = (response.result as Uint8Array[]).filter((message) => this.#found.has(placeOf(message)));
      for (const message of late) this.#sealedLate.add(base64Url(message));
    }
  }

  /** Notes how a commit of a tab to its storage ended. */
  committed(tab: object, { isStored }: { isStored: boolean }): void {
    if (isStored) for (const place of this.#finding.get(tab) ?? []) this.#found.add(place);
    this.#finding.delete(tab);
  }

  /** Notes the body of a post that a tab sends. */
  posts(body: string): void {
    const { entries } = JSON.parse(body) as { entries: { message: string }[] };
    this.postedLate += entries.filter(({ message }) => this.#sealedLate.has(message)).length;
  }
}

function placeOf(message: Uint8Array): string {
  return base64Url(message.subarray(PLACE.from, PLACE.to));
}

function base64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
