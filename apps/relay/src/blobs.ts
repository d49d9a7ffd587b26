import { dirname, join } from 'node:path';
import { openFolder, openS3, type BlobStore } from '@quicprochat/relay';
import type { Env } from './env.ts';

type Settings = Pick<
  Env,
  | 'QPC_BLOBS'
  | 'QPC_BLOBS_MIN_FREE_BYTES'
  | 'QPC_DATABASE'
  | 'QPC_S3_ENDPOINT'
  | 'QPC_S3_REGION'
  | 'QPC_S3_ACCESS_KEY_ID'
  | 'QPC_S3_SECRET_ACCESS_KEY'
>;

/**
 * Opens where the bytes of attachments are kept: what the environment names, else a folder beside the database's file.
 * Where there is neither, the relay takes none: a folder of its own would not be the other relays' on that database.
 */
export async function openBlobs(env: Settings): Promise<BlobStore | undefined> {
  const place = env.QPC_BLOBS ?? besideDatabase(env);
  if (place === undefined) return undefined;
  if (place.startsWith('folder:'))
    return openFolder(place.slice('folder:'.length), env.QPC_BLOBS_MIN_FREE_BYTES);
  const {
    QPC_S3_ENDPOINT: endpoint,
    QPC_S3_REGION: region,
    QPC_S3_ACCESS_KEY_ID: accessKeyId,
    QPC_S3_SECRET_ACCESS_KEY: secretAccessKey,
  } = env;
  if (endpoint === undefined || accessKeyId === undefined || secretAccessKey === undefined)
    throw new Error(
      'QPC_BLOBS names a bucket. Also set QPC_S3_ENDPOINT, QPC_S3_ACCESS_KEY_ID and QPC_S3_SECRET_ACCESS_KEY.',
    );
  const [bucket = '', ...names] = place.slice('s3://'.length).split('/');
  const prefix = names.map((name) => `${name}/`).join('');
  return openS3({ endpoint, region, bucket, prefix, accessKeyId, secretAccessKey });
}

function besideDatabase({ QPC_DATABASE: address }: Settings): string | undefined {
  if (!address.startsWith('sqlite:') || address === 'sqlite::memory:') return undefined;
  return `folder:${join(dirname(address.slice('sqlite:'.length)), 'blobs')}`;
}
