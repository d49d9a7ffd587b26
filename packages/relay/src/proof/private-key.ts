import { createPrivateKey, type KeyObject } from 'node:crypto';

/** A private key (PKCS #8) that is loaded when it is first asked for. */
export function privateKey(load: () => Promise<Buffer>): () => Promise<KeyObject> {
  let loading: Promise<KeyObject> | undefined;
  const read = async () => createPrivateKey({ key: await load(), format: 'der', type: 'pkcs8' });
  return () => {
    loading ??= read().catch((error: unknown) => {
      // The store may be away for a moment: the next call asks anew.
      loading = undefined;
      throw error;
    });
    return loading;
  };
}
