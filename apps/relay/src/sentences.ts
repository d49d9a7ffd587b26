import { BlobStoreFault, StoreStartError } from '@quicprochat/relay';

/** What the system was asked to do with the database's file or folder. */
const WITH_FILES = ['mkdir', 'open', 'chmod'];

/**
 * What is wrong with the store or with the place of attachments, in a sentence for the operator that holds no password.
 * Undefined where it is neither.
 */
export function storeSentenceOf(error: unknown): string | undefined {
  if (error instanceof BlobStoreFault)
    return `QPC_BLOBS: ${error.message.slice(0, -1)} (${error.code ?? 'no reason given'}).`;
  if (error instanceof StoreStartError) return `QPC_DATABASE: ${error.message}`;
  if (!(error instanceof Error && 'code' in error)) return undefined;
  const code = String(error.code);
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(code)) return 'QPC_DATABASE: the file is damaged or is not a database.';
  const isOfFiles = 'syscall' in error && WITH_FILES.includes(String(error.syscall));
  return code.startsWith('SQLITE') || isOfFiles
    ? `QPC_DATABASE: the database cannot be opened (${code}). Check the path, the permissions and the disk.`
    : undefined;
}
