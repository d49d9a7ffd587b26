import type { Receipt } from '@quicprochat/protocol';
import { z } from 'zod';
import { check } from '../model/arguments.ts';
import { sdkError } from '../model/errors.ts';
// findFork is public and takes no client, so nobody can pass a platform in. Checking a signature needs neither time nor randomness.
// eslint-disable-next-line @typescript-eslint/no-restricted-imports
import { platform } from '#platform';
import { isSigned } from './receipts.ts';

/** The receipts that a relay signed for one group's log, as one member holds them. All bytes are base64url. */
export interface LogStatement {
  /** The Ed25519 public key that the relay signs receipts with. */
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
 * Parses a relay log statement from JSON.
 *
 * @throws {UsageError} INVALID_ARGUMENT if the JSON is not a relay log statement
 */
export function parseLogStatement(json: string): LogStatement {
  try {
    return logStatementSchema.parse(JSON.parse(json));
  } catch {
    throw sdkError(
      'INVALID_ARGUMENT',
      'This is not a valid relay log statement. Pass what receipts() or qpc receipts gave.',
    );
  }
}

/** Two receipts that contradict each other: one sequence of one branch, with two heads. No honest relay signs both. */
export interface Fork {
  receiptKey: string;
  groupId: string;
  receipts: readonly [Receipt, Receipt];
}

/**
 * Looks for a proof that a relay showed two logs of one group, in the statements of one member or of several. Receipts
 * with an invalid signature prove nothing and are skipped. If there is no proof, the relay may still have shown two logs:
 * receipts of different sequences cannot be compared.
 *
 * @throws {UsageError} INVALID_ARGUMENT
 */
export async function findFork(statements: readonly LogStatement[]): Promise<Fork | undefined> {
  check(STATEMENTS, statements);
  const seen = new Map<string, Receipt>();
  for (const { receiptKey, groupId, receipts } of statements) {
    for (const receipt of receipts) {
      if (!(await isSigned(platform.publicCrypto, receipt, { receiptKey, groupId }))) continue;
      const place = JSON.stringify([receiptKey, groupId, receipt.branch, receipt.sequence]);
      const other = seen.get(place);
      if (other !== undefined && other.head !== receipt.head)
        return { receiptKey, groupId, receipts: [other, receipt] };
      seen.set(place, receipt);
    }
  }
  return undefined;
}
