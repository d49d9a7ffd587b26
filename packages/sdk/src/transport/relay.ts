import type { Base64Url } from '@quicprochat/protocol';
import type { TransportError } from '../model/errors.ts';
import type { Platform } from '../platform/platform.ts';
import { receiptKeyAnswer, requireForm } from './answers.ts';
import { Contact } from './contact.ts';
import { DeviceCalls } from './device-calls.ts';
import { Events } from './events.ts';
import { GroupCalls } from './group-calls.ts';
import { Link } from './link.ts';
import { Proofs, type GroupSigner } from './proofs.ts';
import { namingRefusals } from './refused-origin.ts';
import { connect, type RelayApi } from './relay-client.ts';
import type { RelayClock } from './relay-clock.ts';
import { Session, type DeviceSigner } from './session.ts';

/** Signs for this device and as a member of groups. The core does, behind the worker. */
export interface Signer {
  device: DeviceSigner;
  group: GroupSigner;
}

/**
 * The relay. Calls for the device carry its session. Calls for a group carry a proof by the group's key and never the
 * session, so that the relay cannot tell which member calls.
 */
export class Relay {
  readonly session: Session;
  readonly device: DeviceCalls;
  readonly groups: GroupCalls;
  readonly events: Events;
  readonly #asMember: RelayApi;
  readonly #contact: Contact;
  /** Told of a call whose answer is overdue. What it returns is called when the answer goes on or the call has ended. */
  onOverdue: () => () => void = () => () => undefined;

  /** @param parts `requireAllowed` throws if this client is to make no call any more */
  constructor(
    origin: string,
    parts: { signer: Signer; platform: Platform; clock: RelayClock; requireAllowed?: () => void },
  ) {
    const { signer, platform, clock, requireAllowed = () => undefined } = parts;
    const contact = (this.#contact = new Contact(requireAllowed));
    const audience = new URL(origin).host;
    const network = {
      net: namingRefusals(origin, platform.net),
      timers: platform.timers,
      link: new Link(),
      onOverdue: () => this.onOverdue(),
    };
    // Two clients: only the one for the device ever sends its token.
    const asMember = connect(origin, network, () => undefined);
    const asDevice = connect(origin, network, () => this.session.token);
    const { random } = platform;
    const proofs = new Proofs({ audience, sign: signer.group, random, clock, contact });
    this.session = new Session({ api: asMember, audience, sign: signer.device, clock, contact });
    this.device = new DeviceCalls(asDevice, this.session);
    this.groups = new GroupCalls(asMember, proofs);
    this.events = new Events({ origin, network, asDevice, asMember, session: this.session, proofs });
    this.#asMember = asMember;
  }

  /** Is told of each call whether it reached the relay, whatever that answered. */
  set onContact(listener: (reached: boolean) => void) {
    this.#contact.onContact = listener;
  }

  /** What keeps every call from being served, while it does: PROTOCOL_VERSION_MISMATCH. */
  get error(): TransportError | undefined {
    return this.#contact.error;
  }

  onErrorChange(listener: () => void): void {
    this.#contact.onErrorChange(listener);
  }

  /** What the relay signs its receipts with. */
  async receiptKey(): Promise<{ receiptKey: Base64Url }> {
    const answer = await this.#contact.call(() => this.#asMember.receipts.key.mutate({}));
    return requireForm(receiptKeyAnswer, answer);
  }
}
