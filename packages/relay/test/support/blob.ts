import { createHash, randomBytes } from 'node:crypto';
import {
  blobPath,
  createBlobProofBody,
  toBase64Url,
  type RelayErrorCode,
  type RelayErrorData,
  type RelayErrorDetails,
} from '@quicprochat/protocol';
import { newId } from '@quicprochat/testkit';
import type { TestGroup, WriteOptions } from './group.ts';

export interface BlobOptions extends Pick<
  WriteOptions,
  'epoch' | 'key' | 'issuedAtMs' | 'nonce' | 'audience'
> {
  id?: string;
  /** What is declared, where it is not the truth. */
  size?: number;
  sha256?: Uint8Array | 'right';
}

/** A blob as its uploader and its readers hold it. */
export class TestBlob {
  readonly group: TestGroup;
  readonly url: string;
  readonly id: string;
  readonly bytes: Buffer;
  uploadToken = '';

  constructor(url: string, group: TestGroup, bytes: Buffer, id = newId()) {
    this.url = url;
    this.group = group;
    this.bytes = bytes;
    this.id = id;
  }

  /** The same blob by way of another relay. */
  at(url: string): TestBlob {
    return Object.assign(new TestBlob(url, this.group, this.bytes, this.id), {
      uploadToken: this.uploadToken,
    });
  }

  async create(options: BlobOptions = {}): Promise<this> {
    this.uploadToken = (await this.group.api.blobs.create.mutate(this.creation(options))).token;
    return this;
  }

  creation({ epoch = this.group.epoch, size = this.bytes.length, ...options }: BlobOptions = {}) {
    const right = () => createHash('sha256').update(this.bytes).digest();
    const sha256 = options.sha256 === 'right' ? right() : options.sha256;
    const body = createBlobProofBody({ id: this.id, size, sha256 });
    return {
      groupId: this.group.id as string,
      epoch,
      id: this.id,
      size,
      ...(sha256 && { sha256: toBase64Url(sha256) }),
      proof: this.group.proof('blobs.create', epoch, body, options),
    };
  }

  opening({ epoch = this.group.epoch, ...options }: BlobOptions = {}) {
    return {
      groupId: this.group.id as string,
      epoch,
      id: this.id,
      proof: this.group.proof('blobs.open', epoch, [this.id], options),
    };
  }

  async open(options: BlobOptions = {}): Promise<string> {
    return (await this.group.api.blobs.open.mutate(this.opening(options))).token;
  }

  /** Bytes from `offset` up to and without `end`, as they are, in one request. */
  patch(
    offset: number,
    end = this.bytes.length,
    { headers = {}, token = this.uploadToken, body }: PatchOptions = {},
  ): Promise<Response> {
    const init: RequestInit = {
      method: 'PATCH',
      headers: { ...this.patchHeaders(offset, token), ...headers },
      body: body ?? new Uint8Array(this.bytes.subarray(offset, end)),
      duplex: 'half',
    };
    return fetch(this.url + blobPath(this.id), init);
  }

  patchHeaders(offset: number, token = this.uploadToken) {
    return {
      authorization: `Bearer ${token}`,
      'content-type': 'application/offset+octet-stream',
      'tus-resumable': '1.0.0',
      'upload-offset': String(offset),
    };
  }

  head(token = this.uploadToken): Promise<Response> {
    const headers = { authorization: `Bearer ${token}`, 'tus-resumable': '1.0.0' };
    return fetch(this.url + blobPath(this.id), { method: 'HEAD', headers });
  }

  /** Where the relay says that the upload stands. */
  async offset(): Promise<number> {
    return Number((await this.head()).headers.get('upload-offset'));
  }

  /** Create and upload in one go. */
  async upload(options: BlobOptions = {}): Promise<this> {
    await this.create(options);
    const { status } = await this.patch(0);
    if (status !== 204) throw new Error(`not uploaded: ${status}`);
    return this;
  }

  get(token: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.url + blobPath(this.id), {
      headers: { authorization: `Bearer ${token}`, ...headers },
    });
  }

  async download(options: BlobOptions = {}): Promise<Buffer> {
    const response = await this.get(await this.open(options));
    if (response.status !== 200) throw new Error(`not given: ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  }
}

interface PatchOptions {
  headers?: Record<string, string>;
  token?: string;
  body?: ReadableStream | Uint8Array;
}

export function newBlob(url: string, group: TestGroup, size = 1_000): TestBlob {
  return new TestBlob(url, group, randomBytes(size));
}

/** The typed refusal that a route answered with. */
export async function refusalIn(
  response: Response,
): Promise<{ status: number; code: RelayErrorCode; details: RelayErrorDetails }> {
  const text = await response.text();
  if (!text.startsWith('{')) throw new Error(`not refused: ${response.status} ${text.slice(0, 100)}`);
  const { error } = JSON.parse(text) as { error: { data: RelayErrorData } };
  return { status: response.status, ...error.data.qpc };
}
