import { LIMITS, RELAY_ERRORS, type RelayErrorCode, type RelayErrorDetails } from '@quicprochat/protocol';
import { TRPCError } from '@trpc/server';
import { ZodError } from 'zod';
import { BlobStoreFault } from './blobs/blob-store.ts';
import { isStorageFault } from './store/faults.ts';

/** An answer that is not a result, as a procedure throws it. The formatter in router/trpc.ts gives it its form on the wire. */
export class RelayError extends TRPCError {
  readonly qpc: RelayErrorCode;
  readonly details: RelayErrorDetails;

  constructor(code: RelayErrorCode, details: RelayErrorDetails = {}) {
    super({ code: RELAY_ERRORS[code].trpc, message: code });
    this.qpc = code;
    this.details = details;
  }
}

/** A refusal on a plain route where HTTP has a status for it that no code of tRPC's stands for. */
export class RouteRefusal extends RelayError {
  readonly status: number;

  constructor(status: number, code: RelayErrorCode, details: RelayErrorDetails = {}) {
    super(code, details);
    this.status = status;
  }
}

/** The code from the closed list that any error is told as. What nobody foresaw is INTERNAL. */
export function codeOf(error: TRPCError): RelayErrorCode {
  if (error instanceof RelayError) return error.qpc;
  const { cause } = error;
  if (cause instanceof RelayError) return cause.qpc;
  if (cause instanceof ZodError) return cause.issues.some(isTooLarge) ? 'PAYLOAD_TOO_LARGE' : 'BAD_INPUT';
  if (cause instanceof BlobStoreFault || isStorageFault(cause)) return 'UNAVAILABLE';
  // The rest are tRPC's own: a procedure of ours throws nothing but RelayError.
  switch (error.code) {
    case 'NOT_FOUND':
    case 'METHOD_NOT_SUPPORTED':
      return 'NO_SUCH_PROCEDURE';
    case 'PAYLOAD_TOO_LARGE':
      return 'PAYLOAD_TOO_LARGE';
    case 'BAD_REQUEST':
    case 'PARSE_ERROR':
    case 'UNSUPPORTED_MEDIA_TYPE':
      return 'BAD_INPUT';
    default:
      return 'INTERNAL';
  }
}

/** {@link codeOf} for what no procedure threw. */
export function codeOfAny(error: unknown): RelayErrorCode {
  return codeOf(new TRPCError({ code: 'INTERNAL_SERVER_ERROR', cause: error }));
}

/** What a caller is told besides the code. */
export function detailsOf(error: TRPCError): RelayErrorDetails {
  if (error instanceof RelayError) return error.details;
  if (error.cause instanceof RelayError) return error.cause.details;
  if (error.cause instanceof ZodError) return { issues: issuesOf(error.cause) };
  return {};
}

/**
 * A message, commit, Welcome or key package over its limit, the messages of one post together, or a blob that would be; a
 * key or an id of the wrong length is plain bad input.
 */
function isTooLarge(issue: ZodError['issues'][number]): boolean {
  if (issue.code !== 'too_big') return false;
  if (issue.origin === 'string') return issue.maximum > 1_024;
  return issue.maximum === LIMITS.maxBlobBytes || issue.maximum === LIMITS.maxPostBytes;
}

/** The path is made of our own field names; the values that broke the rule are not repeated. */
function issuesOf(error: ZodError): { path: string; message: string }[] {
  return error.issues.slice(0, 10).map(({ path, code, message }) => ({
    path: path.map(String).join('.').slice(0, 200),
    message: code === 'unrecognized_keys' ? 'unknown fields' : message.slice(0, 200),
  }));
}
