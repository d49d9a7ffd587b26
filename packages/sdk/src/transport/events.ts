import { fromBase64Url, type Base64Url, type GroupId } from '@quicprochat/protocol';
import { requireForm, ticketAnswer, type RelayEvent } from './answers.ts';
import type { Network } from './bounded-fetch.ts';
import { follow } from './event-stream.ts';
import type { Proofs } from './proofs.ts';
import type { RelayApi } from './relay-client.ts';
import type { Session } from './session.ts';

/** Where to read a group's log from, and with which epoch's key. */
export interface Place {
  groupId: GroupId;
  epoch: number;
  cursor: number;
}

/** The relay's streams: this device's inbox, and the logs of groups. */
export class Events {
  readonly #origin: string;
  readonly #network: Network;
  readonly #asDevice: RelayApi;
  readonly #asMember: RelayApi;
  readonly #session: Session;
  readonly #proofs: Proofs;

  constructor(parts: {
    origin: string;
    network: Network;
    asDevice: RelayApi;
    asMember: RelayApi;
    session: Session;
    proofs: Proofs;
  }) {
    this.#origin = parts.origin;
    this.#network = parts.network;
    this.#asDevice = parts.asDevice;
    this.#asMember = parts.asMember;
    this.#session = parts.session;
    this.#proofs = parts.proofs;
  }

  /** The inbox from a cursor on, as it fills. */
  async *followInbox(cursor: number, signal: AbortSignal): AsyncGenerator<RelayEvent> {
    const answer = await this.#session.signedIn(() => this.#asDevice.inbox.openStream.mutate({ cursor }));
    yield* this.#follow(answer, signal);
  }

  /** The logs of groups from their cursors on, as they fill. */
  async *followGroups(groups: readonly Place[], signal: AbortSignal): AsyncGenerator<RelayEvent> {
    const answer = await this.#proofs.withClock(async () => {
      const proven = groups.map(async (group) => ({
        ...group,
        proof: await this.#proofs.prove({ procedure: 'groups.openStream', ...group }, [group.cursor]),
      }));
      return this.#asMember.groups.openStream.mutate({ groups: await Promise.all(proven) });
    });
    yield* this.#follow(answer, signal);
  }

  /** Has a running stream follow these groups from their cursors on, too. It says so when it does. */
  async followToo(stream: Base64Url, groups: readonly Place[]): Promise<void> {
    await this.#proofs.withClock(async () => {
      const proven = groups.map(async (group) => {
        const body = [fromBase64Url(stream), group.cursor];
        return { ...group, proof: await this.#proofs.prove({ procedure: 'groups.follow', ...group }, body) };
      });
      return this.#asMember.groups.follow.mutate({ stream, groups: await Promise.all(proven) });
    });
  }

  async *#follow(answer: unknown, signal: AbortSignal): AsyncGenerator<RelayEvent> {
    const { ticket } = requireForm(ticketAnswer, answer);
    yield* follow(this.#network, this.#origin, { ticket, signal });
  }
}
