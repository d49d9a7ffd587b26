import { z } from 'zod';
import { bytes } from './bytes.ts';
import { handleSchema } from './ids.ts';
import { LIMITS } from './limits.ts';
import { cipherSuiteSchema } from './suite.ts';

/**
 * `keyPackages.publish`, for the signed-in device. Single-use packages join the device's pool; the last-resort one
 * replaces the one before and is handed out when the pool is empty (RFC 9420 §16.8).
 */
export const publishKeyPackagesInputSchema = z.strictObject({
  suite: cipherSuiteSchema,
  keyPackages: z
    .array(bytes({ min: 1, max: LIMITS.maxKeyPackageBytes }))
    .max(LIMITS.maxKeyPackagesPerPublish),
  lastResort: bytes({ min: 1, max: LIMITS.maxKeyPackageBytes }).optional(),
  /** Drops what is in the pool first: packages that near the end of their lifetime. */
  replace: z.boolean().optional(),
});

/** `keyPackages.claim`: one key package for each device of each handle, all or none. */
export const claimKeyPackagesInputSchema = z.strictObject({
  suite: cipherSuiteSchema,
  handles: z.array(handleSchema).min(1).max(LIMITS.maxClaimHandles),
});

/** `keyPackages.status`: of which suites to tell, each named once. */
export const keyPackageStatusInputSchema = z.strictObject({
  suites: z
    .array(cipherSuiteSchema)
    .min(1)
    .refine((suites) => new Set(suites).size === suites.length, 'each suite is named once'),
});
