/** Why a store cannot be opened. The message is a sentence for operators; it holds no address and no password. */
export class StoreStartError extends Error {
  readonly code: 'STORE_UNREACHABLE' | 'STORE_REFUSED' | 'STORE_TOO_OLD' | 'STORE_UNSAFE' | 'STORE_TABLES';

  constructor(code: StoreStartError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreStartError';
    this.code = code;
  }
}
