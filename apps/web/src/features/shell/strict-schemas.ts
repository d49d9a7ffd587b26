import { config } from 'zod';

/**
 * zod compiles its schemas with `new Function` where it may, and tries whether it may. Under our policy it may not, and
 * each try is reported as a violation. Imported before anything that makes a schema.
 */
config({ jitless: true });
