import { deviceTranscript, LIMITS, toBase64Url } from '@quicprochat/protocol';
import { hasCode } from '../model/errors.ts';
import { challengeAnswer, requireForm, sessionAnswer } from './answers.ts';
import type { Contact } from './contact.ts';
import type { RelayApi } from './relay-client.ts';
import type { RelayClock } from './relay-clock.ts';

/** Signs by the device key. */
export type DeviceSigner = (transcript: Uint8Array) => Promise<Uint8Array>;

/** What a device registers with. */
export interface Registration {
  handle: string;
  accountKey: Uint8Array;
  deviceKey: Uint8Array;
  deviceCertificate: Uint8Array;
}

/** The device's session with the relay. It signs in on demand, and again after the session has expired. */
export class Session {
  readonly #api: RelayApi;
  readonly #audience: string;
  readonly #sign: DeviceSigner;
  readonly #clock: RelayClock;
  readonly #contact: Contact;
  #token: string | undefined;
  #signingIn: Promise<void> | undefined;
  #deviceId = '';

  /** @param parts `api` makes calls without a session */
  constructor(parts: {
    api: RelayApi;
    audience: string;
    sign: DeviceSigner;
    clock: RelayClock;
    contact: Contact;
  }) {
    this.#api = parts.api;
    this.#audience = parts.audience;
    this.#sign = parts.sign;
    this.#clock = parts.clock;
    this.#contact = parts.contact;
  }

  get token(): string | undefined {
    return this.#token;
  }

  setDevice(deviceId: string): void {
    this.#deviceId = deviceId;
  }

  /** Asks the relay's time, before anything is made that depends on it. */
  async learnTime(): Promise<void> {
    await this.#challenge();
  }

  async register(device: Registration): Promise<void> {
    const { challenge, signature } = await this.#answerChallenge('register');
    const session = await this.#contact.call(() =>
      this.#api.account.register.mutate({
        handle: device.handle,
        accountKey: toBase64Url(device.accountKey),
        deviceId: this.#deviceId,
        deviceKey: toBase64Url(device.deviceKey),
        deviceCertificate: toBase64Url(device.deviceCertificate),
        challenge,
        signature,
      }),
    );
    this.#token = requireForm(sessionAnswer, session).token;
  }

  /** Makes a call with the session's token. */
  async signedIn<Result>(call: () => Promise<Result>): Promise<Result> {
    if (this.#token === undefined) await this.#signIn();
    try {
      return await this.#contact.call(call);
    } catch (error) {
      if (!hasCode(error, 'UNAUTHENTICATED')) throw error;
      // The session has run out, or the relay has forgotten it: once more, with a new one.
      await this.#signIn();
      return this.#contact.call(call);
    }
  }

  /** Calls that need a session at the same time share one sign-in. */
  #signIn(): Promise<void> {
    this.#signingIn ??= this.#login().finally(() => (this.#signingIn = undefined));
    return this.#signingIn;
  }

  async #login(): Promise<void> {
    const { challenge, signature } = await this.#answerChallenge('login');
    const session = await this.#contact.call(() =>
      this.#api.auth.login.mutate({ deviceId: this.#deviceId, challenge, signature }),
    );
    this.#token = requireForm(sessionAnswer, session).token;
  }

  /** Fetches something to sign. It also tells the relay's time, since it expires a known time after it was made. */
  async #challenge(): Promise<Uint8Array> {
    const answer = await this.#contact.call(() => this.#api.auth.challenge.mutate({}));
    const { challenge, expiresAtMs } = requireForm(challengeAnswer, answer);
    this.#clock.correct(expiresAtMs - LIMITS.challengeLifetimeMs);
    return challenge;
  }

  async #answerChallenge(purpose: 'register' | 'login') {
    const challenge = await this.#challenge();
    const claim = { purpose, audience: this.#audience, challenge, deviceId: this.#deviceId };
    return {
      challenge: toBase64Url(challenge),
      signature: toBase64Url(await this.#sign(deviceTranscript(claim))),
    };
  }
}
