import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { BlobStoreFault, type BlobStore, type ByteRange, type PartName } from './blob-store.ts';
import { askS3, PATIENCE_MS, type S3Credentials, type S3Request } from './s3-request.ts';

export interface S3Options extends S3Credentials {
  /** Where the service answers, without the bucket: `https://s3.example`. */
  endpoint: string;
  bucket: string;
  /** What names of objects begin with; empty, or something that ends in a slash. */
  prefix?: string;
}

/**
 * Blobs in a bucket of a service that speaks S3: an object for each part, so that nothing more is asked of the service than
 * to put, get, list and delete. (Its own multipart uploads want 5 MiB in each part, and an upload over a bad line that
 * breaks off before that would never get on.)
 */
export async function openS3(options: S3Options): Promise<BlobStore> {
  const bucket = new Bucket(options);
  await bucket.list('', { 'max-keys': '1' });
  const { prefix = '' } = options;
  const keyOf = ({ blobId, name }: PartName) => `${prefix}${blobId}/${name}`;
  return {
    put: (part, bytes) => bucket.put(keyOf(part), bytes),
    read: (part, range) => bucket.read(keyOf(part), range),
    remove: (part) => bucket.delete(keyOf(part)),
    removeAll: async (blobId) => {
      // Each time from the beginning: what was listed is gone.
      for (let keys = await bucket.list(`${prefix}${blobId}/`); keys.length > 0;) {
        for (const key of keys) await bucket.delete(key);
        keys = await bucket.list(`${prefix}${blobId}/`);
      }
    },
  };
}

class Bucket {
  readonly #credentials: S3Credentials;
  readonly #address: string;

  constructor({ endpoint, region, bucket, accessKeyId, secretAccessKey }: S3Options) {
    this.#credentials = { region, accessKeyId, secretAccessKey };
    this.#address = `${endpoint.replace(/\/$/, '')}/${bucket}`;
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    // Signed along: the service refuses bytes that changed on the way.
    const headers = { 'x-amz-content-sha256': createHash('sha256').update(body).digest('hex') };
    await this.#ask('cannot write', { method: 'PUT', path: `/${key}`, headers, body }, text);
  }

  async *read(key: string, { start, end }: ByteRange): AsyncGenerator<Uint8Array> {
    if (end <= start) return;
    const headers = { range: `bytes=${start}-${end - 1}` };
    const asked = { method: 'GET', path: `/${key}`, headers } as const;
    const answer = await this.#ask('cannot read', asked, async (whole) => whole);
    try {
      for await (const chunk of answer) yield chunk as Buffer;
    } catch (error) {
      throw new BlobStoreFault('cannot read', { cause: error });
    }
  }

  async delete(key: string): Promise<void> {
    await this.#ask('cannot delete', { method: 'DELETE', path: `/${key}` }, text);
  }

  /** The first keys, up to a thousand, that begin so. */
  async list(prefix: string, more: Record<string, string> = {}): Promise<string[]> {
    const query = new URLSearchParams({ 'list-type': '2', prefix, ...more });
    const found = await this.#ask('cannot be listed', { method: 'GET', path: `?${query.toString()}` }, text);
    // Our keys are hex digits and slashes after a prefix of plain characters: nothing in them is ever escaped.
    return [...found.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key = '']) => key);
  }

  /** Whatever is not a success is a fault, with the status and the service's own code for it. */
  async #ask<T>(
    what: string,
    { path, ...asked }: Omit<S3Request, 'url'> & { path: string },
    take: (answer: IncomingMessage) => Promise<T>,
  ): Promise<T> {
    try {
      const answer = await askS3(this.#credentials, { ...asked, url: `${this.#address}${path}` });
      const { statusCode = 0 } = answer;
      if (statusCode >= 200 && statusCode < 300) return await inTime(answer, take);
      const [, code = ''] = /<Code>(\w+)<\/Code>/.exec(await inTime(answer, text)) ?? [];
      throw Object.assign(new Error('refused'), { code: `HTTP ${statusCode} ${code}`.trim() });
    } catch (error) {
      throw new BlobStoreFault(what, { cause: error });
    }
  }
}

/** Takes all of an answer that is to be taken at once, or gives it up. */
async function inTime<T>(answer: IncomingMessage, take: (answer: IncomingMessage) => Promise<T>): Promise<T> {
  const impatient = setTimeout(
    () => answer.destroy(new Error('the answer did not end in time')),
    PATIENCE_MS,
  );
  try {
    return await take(answer);
  } finally {
    clearTimeout(impatient);
  }
}
