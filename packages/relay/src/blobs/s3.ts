import { createHash } from 'node:crypto';
import { AwsClient } from 'aws4fetch';
import { BlobStoreFault, type BlobStore, type ByteRange, type PartName } from './blob-store.ts';

export interface S3Options {
  /** Where the service answers, without the bucket: `https://s3.example`. */
  endpoint: string;
  region: string;
  bucket: string;
  /** What names of objects begin with; empty, or something that ends in a slash. */
  prefix?: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** How long the service may take to answer, and for all but reading, to end. */
const PATIENCE_MS = 30_000;

/** After answers of 500 and more, and of 429. What is asked can be asked twice. */
const RETRIES = 2;

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
  readonly #client: AwsClient;
  readonly #address: string;

  constructor({ endpoint, region, bucket, accessKeyId, secretAccessKey }: S3Options) {
    this.#client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 's3', retries: RETRIES });
    this.#address = `${endpoint.replace(/\/$/, '')}/${bucket}`;
  }

  async put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    // Signed along: the service refuses bytes that changed on the way.
    const digest = createHash('sha256').update(bytes).digest('hex');
    const headers = { 'x-amz-content-sha256': digest };
    await this.#ask('cannot write', `/${key}`, { method: 'PUT', body: bytes, headers }, discard);
  }

  async *read(key: string, { start, end }: ByteRange): AsyncGenerator<Uint8Array> {
    if (end <= start) return;
    const headers = { range: `bytes=${start}-${end - 1}` };
    const answering = new AbortController();
    const impatient = setTimeout(() => answering.abort(), PATIENCE_MS);
    try {
      const init = { headers, signal: answering.signal };
      const response = await this.#ask('cannot read', `/${key}`, init, async (answer) => answer);
      clearTimeout(impatient);
      for await (const chunk of response.body ?? []) yield chunk as Uint8Array;
    } catch (error) {
      throw error instanceof BlobStoreFault ? error : new BlobStoreFault('cannot read', { cause: error });
    } finally {
      clearTimeout(impatient);
    }
  }

  async delete(key: string): Promise<void> {
    await this.#ask('cannot delete', `/${key}`, { method: 'DELETE' }, discard);
  }

  /** The first keys, up to a thousand, that begin so. */
  async list(prefix: string, more: Record<string, string> = {}): Promise<string[]> {
    const query = new URLSearchParams({ 'list-type': '2', prefix, ...more });
    const text = await this.#ask('cannot be listed', `?${query.toString()}`, {}, (answer) => answer.text());
    // Our keys are hex digits and slashes after a prefix of plain characters: nothing in them is ever escaped.
    return [...text.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key = '']) => key);
  }

  /** One signed request. Whatever is not a success is a fault, with the status and the service's own code for it. */
  async #ask<T>(
    what: string,
    path: string,
    init: RequestInit,
    take: (answer: Response) => Promise<T>,
  ): Promise<T> {
    try {
      const signal = init.signal ?? AbortSignal.timeout(PATIENCE_MS);
      const answer = await this.#client.fetch(`${this.#address}${path}`, { ...init, signal });
      if (answer.ok) return await take(answer);
      const [, code = ''] = /<Code>(\w+)<\/Code>/.exec(await answer.text()) ?? [];
      throw Object.assign(new Error('refused'), { code: `HTTP ${answer.status} ${code}`.trim() });
    } catch (error) {
      throw new BlobStoreFault(what, { cause: error });
    }
  }
}

/** An answer whose body is of no interest has to be taken all the same, for its connection to be used again. */
async function discard(answer: Response): Promise<void> {
  await answer.arrayBuffer();
}
