import {
  deviceCertificateTranscript,
  deviceTranscript,
  fromBase64Url,
  toBase64Url,
  type DeviceId,
} from '@quicprochat/protocol';
import { newId, newSigner, type Signer } from '@quicprochat/testkit';
import { apiOf, type Api } from './api.ts';

/** An account with one device, as a client of the relay holds it. */
export class TestDevice {
  readonly handle: string;
  readonly id: DeviceId;
  readonly account: Signer;
  readonly key: Signer;
  /** The procedures, signed in once {@link register} or {@link login} was called. */
  api: Api;
  token = '';
  readonly #url: string;

  constructor(
    url: string,
    handle: string,
    { account = newSigner(), key = newSigner(), id = newId() as DeviceId } = {},
  ) {
    this.#url = url;
    this.handle = handle;
    this.id = id;
    this.account = account;
    this.key = key;
    this.api = apiOf(url);
  }

  async register(): Promise<this> {
    return this.#signIn(await this.api.account.register.mutate(await this.registration()));
  }

  async login(): Promise<this> {
    return this.#signIn(await this.api.auth.login.mutate(await this.loginInput()));
  }

  /** A valid input of `account.register`, with a fresh challenge. */
  async registration(audience = new URL(this.#url).host) {
    const { challenge } = await this.api.auth.challenge.mutate({});
    const claim = {
      handle: this.handle,
      accountKey: this.account.publicKey,
      deviceId: this.id,
      deviceKey: this.key.publicKey,
    };
    return {
      handle: this.handle,
      accountKey: toBase64Url(claim.accountKey),
      deviceId: this.id as string,
      deviceKey: toBase64Url(claim.deviceKey),
      deviceCertificate: toBase64Url(this.account.sign(deviceCertificateTranscript(claim))),
      challenge,
      signature: this.answer('register', challenge, audience),
    };
  }

  /** A valid input of `auth.login`, with a fresh challenge. */
  async loginInput(audience = new URL(this.#url).host) {
    const { challenge } = await this.api.auth.challenge.mutate({});
    return { deviceId: this.id as string, challenge, signature: this.answer('login', challenge, audience) };
  }

  answer(purpose: 'register' | 'login', challenge: string, audience: string): string {
    const claim = { purpose, audience, challenge: fromBase64Url(challenge), deviceId: this.id };
    return toBase64Url(this.key.sign(deviceTranscript(claim)));
  }

  #signIn({ token }: { token: string }): this {
    this.token = token;
    this.api = apiOf(this.#url, token);
    return this;
  }
}
