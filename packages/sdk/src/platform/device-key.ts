/** An AES-256-GCM key of WebCrypto that cannot be exported. IndexedDB keeps it as an object. */
export class WebCryptoKey {
  readonly key: CryptoKey;

  constructor(key: CryptoKey) {
    this.key = key;
  }

  static async generate(): Promise<WebCryptoKey> {
    const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
      'encrypt',
      'decrypt',
    ]);
    return new WebCryptoKey(key);
  }

  async seal(plaintext: Uint8Array, by: Input): Promise<Uint8Array> {
    const sealed = await crypto.subtle.encrypt(algorithm(by), this.key, new Uint8Array(plaintext));
    return new Uint8Array(sealed);
  }

  /** Returns undefined if the ciphertext does not open. */
  async open(ciphertext: Uint8Array, by: Input): Promise<Uint8Array | undefined> {
    try {
      const opened = await crypto.subtle.decrypt(algorithm(by), this.key, new Uint8Array(ciphertext));
      return new Uint8Array(opened);
    } catch {
      return undefined;
    }
  }
}

interface Input {
  /** 12 bytes. */
  nonce: Uint8Array;
  additionalData: Uint8Array;
}

function algorithm({ nonce, additionalData }: Input): AesGcmParams {
  return { name: 'AES-GCM', iv: new Uint8Array(nonce), additionalData: new Uint8Array(additionalData) };
}
