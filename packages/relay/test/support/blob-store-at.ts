import { openFolder, openS3, type BlobStore, type S3Options } from '../../src/index.ts';

/** Where a store of blobs is: what other processes can be told of it, to open it, too. */
export type BlobStoreAt = { folder: string } | { s3: S3Options };

export function openBlobStore(at: BlobStoreAt): Promise<BlobStore> {
  return 's3' in at ? openS3(at.s3) : openFolder(at.folder);
}
