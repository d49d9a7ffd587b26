import { TRPCError } from '@trpc/server';
import { RELAY_ERRORS, type RelayErrorCode, type RelayErrorDetails } from '@quicprochat/protocol';

/** An answer that is not a result, as a procedure throws it. The formatter in trpc.ts gives it its form on the wire. */
export class RelayError extends TRPCError {
  readonly qpc: RelayErrorCode;
  readonly details: RelayErrorDetails;

  constructor(code: RelayErrorCode, details: RelayErrorDetails = {}) {
    super({ code: RELAY_ERRORS[code].trpc, message: code });
    this.qpc = code;
    this.details = details;
  }
}
