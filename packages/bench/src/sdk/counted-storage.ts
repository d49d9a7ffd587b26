import type { Storage, StorageWrite } from '@quicprochat/sdk';
import type { Tally } from './tally.ts';

/**
 * The same storage, with its commits and reads counted. It passes on every method, also ones that this file does not
 * know, because another revision of the SDK may ask for others.
 */
export function countedStorage(storage: Storage, tally: Tally): Storage {
  return new Proxy(storage, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...parameters: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(method, target, parameters);
        if (!(answer instanceof Promise)) return answer;
        if (name === 'commit') return commit(answer, parameters[0] as readonly StorageWrite[], tally);
        return answer.then((found: unknown) => {
          tally.add(`store call ${String(name)}`);
          countRead(found, tally);
          return found;
        });
      };
    },
  });
}

async function commit(answer: Promise<unknown>, writes: readonly StorageWrite[], tally: Tally) {
  try {
    const generation = await answer;
    tally.add('store commits');
    tally.add('rows written', writes.length);
    tally.add(
      'bytes written',
      writes.reduce((bytes, { key, value }) => bytes + key.length + (value?.byteLength ?? 0), 0),
    );
    return generation;
  } catch (error) {
    tally.add('store conflicts');
    throw error;
  }
}

/** Rows come as an array of keys and values, or as the bytes of one. */
function countRead(found: unknown, tally: Tally): void {
  const rows = Array.isArray(found) ? (found as readonly { key?: string; value?: Uint8Array }[]) : [];
  const single = found instanceof Uint8Array ? found.byteLength : 0;
  const bytes = rows.reduce(
    (total, { key, value }) => total + (key?.length ?? 0) + (value?.byteLength ?? 0),
    single,
  );
  tally.add('rows read', rows.length + (single > 0 ? 1 : 0));
  tally.add('bytes read', bytes);
}
