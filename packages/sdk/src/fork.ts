import type { Receipt } from '@quicprochat/protocol';
import { z } from 'zod';
import { check } from './arguments.ts';
import { sdkError } from './errors.ts';
import { isSigned } from './receipts.ts';

/** What a relay has signed about one group's log, as one member holds it. All bytes are base64url. */
export interface LogStatement {
  /** The relay's key, Ed25519. */
  receiptKey: string;
  /** 32 hex digits. */
  groupId: string;
  receipts: readonly Receipt[];
}

const logStatementSchema = z.object({
  receiptKey: z.string(),
  groupId: z.string(),
  receipts: z.array(
    z.object({
      branch: z.string(),
      sequence: z.int().min(0),
      head: z.string(),
      signature: z.string(),
    }),
  ),
});

const STATEMENTS = {
  schema: z.array(logStatementSchema),
  sentence: 'Statements must be an array of relay log statements.',
};

/**
 * A statement as somebody handed it over, from its JSON.
 *
 * @throws {UsageError} INVALID_ARGUMENT where it is none
 */
export function parseLogStatement(json: string): LogStatement {
  try {
    return logStatementSchema.parse(JSON.parse(json));
  } catch {
    throw sdkError('INVALID_ARGUMENT', 'This is not a valid relay log statement.');
  }
}

/** Two receipts that one honest relay never signs both: one place in one line of a log, and two heads. */
export interface Fork {
  receiptKey: string;
  groupId: string;
  receipts: readonly [Receipt, Receipt];
}

/**
 * Looks for a proof that a relay has shown two logs of one group, in what it has signed for one member or for several.
 * Receipts whose signature does not hold prove nothing and are passed over. No proof is no acquittal: receipts of
 * different places say nothing about each other.
 *
 * @throws {UsageError} INVALID_ARGUMENT
 */
export async function findFork(statements: readonly LogStatement[]): Promise<Fork | undefined> {
  check(STATEMENTS, statements);
  const seen = new Map<string, Receipt>();
  for (const { receiptKey, groupId, receipts } of statements) {
    for (const receipt of receipts) {
      if (!(await isSigned(receiptKey, groupId, receipt))) continue;
      const place = JSON.stringify([receiptKey, groupId, receipt.branch, receipt.sequence]);
      const other = seen.get(place);
      if (other !== undefined && other.head !== receipt.head)
        return { receiptKey, groupId, receipts: [other, receipt] };
      seen.set(place, receipt);
    }
  }
  return undefined;
}
