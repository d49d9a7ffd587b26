import { toBase64Url, type CipherSuite } from '@quicprochat/protocol';
import { claimAnswer, inboxPageAnswer, keyPackageStatusAnswer, requireForm } from './answers.ts';
import type { RelayApi } from './relay-client.ts';
import type { Session } from './session.ts';

/** Key packages of one suite. */
export interface KeyPackageUpload {
  suite: CipherSuite;
  /** Whether they take the place of those that are there. */
  replace: boolean;
  keyPackages: Uint8Array[];
  lastResort: Uint8Array | undefined;
}

/** The calls for this device. They carry its session. */
export class DeviceCalls {
  readonly #api: RelayApi;
  readonly #session: Session;

  constructor(api: RelayApi, session: Session) {
    this.#api = api;
    this.#session = session;
  }

  /** What is left of the pools of these suites, in their order. */
  async keyPackageStatus(suites: readonly CipherSuite[]) {
    const answer = await this.#signedIn((api) => api.keyPackages.status.mutate({ suites: [...suites] }));
    return requireForm(keyPackageStatusAnswer(suites.length), answer).pools;
  }

  publishKeyPackages({ suite, keyPackages, lastResort, replace }: KeyPackageUpload) {
    const input = {
      suite,
      replace,
      keyPackages: keyPackages.map(toBase64Url),
      ...(lastResort && { lastResort: toBase64Url(lastResort) }),
    };
    return this.#signedIn((api) => api.keyPackages.publish.mutate(input));
  }

  async claimKeyPackages(suite: CipherSuite, handles: string[]) {
    const answer = await this.#signedIn((api) => api.keyPackages.claim.mutate({ suite, handles }));
    return requireForm(claimAnswer, answer);
  }

  async readInbox(cursor: number, limit: number) {
    const answer = await this.#signedIn((api) => api.inbox.read.mutate({ cursor, limit }));
    return requireForm(inboxPageAnswer, answer);
  }

  acknowledgeInbox(sequence: number) {
    return this.#signedIn((api) => api.inbox.acknowledge.mutate({ sequence }));
  }

  #signedIn<Result>(call: (api: RelayApi) => Promise<Result>): Promise<Result> {
    return this.#session.signedIn(() => call(this.#api));
  }
}
