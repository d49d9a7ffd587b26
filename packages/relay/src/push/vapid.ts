import { createPublicKey, sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { RelayPlatform } from '../platform.ts';
import { privateKey } from '../proof/private-key.ts';
import { pushKey } from '../store/own-keys.ts';
import type { Db } from '../store/schema.ts';

/** Half of what RFC 8292 §2 allows. */
const TOKEN_LIFETIME_MS = 12 * 60 * 60 * 1_000;

/** Shows push services who sends (RFC 8292): the one whose key the subscription was made for. */
export class Vapid {
  readonly #key: () => Promise<KeyObject>;
  readonly #subject: string;

  /** @param subject where the operator is found: a mailto: or https: address */
  constructor(db: Db, platform: RelayPlatform, subject: string) {
    this.#key = privateKey(() => pushKey(db, platform));
    this.#subject = subject;
  }

  /** P-256, a point without compression: 65 bytes, as browsers take it for `applicationServerKey`. */
  async publicKey(): Promise<Buffer> {
    const { x = '', y = '' } = createPublicKey(await this.#key()).export({ format: 'jwk' });
    return Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  }

  /** The Authorization header for one push service: void at any other. */
  async authorization(endpoint: URL, nowMs: number): Promise<string> {
    const exp = Math.floor((nowMs + TOKEN_LIFETIME_MS) / 1_000);
    const claims = { aud: endpoint.origin, exp, sub: this.#subject };
    const unsigned = [{ typ: 'JWT', alg: 'ES256' }, claims].map(jsonPart).join('.');
    const key = { key: await this.#key(), dsaEncoding: 'ieee-p1363' } as const;
    const signature = await signAside('sha256', Buffer.from(unsigned), key);
    const token = `${unsigned}.${signature.toString('base64url')}`;
    return `vapid t=${token}, k=${(await this.publicKey()).toString('base64url')}`;
  }
}

/** On a thread of Node's own, as other signatures are. */
const signAside = promisify(sign);

function jsonPart(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
