import { registerHooks } from 'node:module';
import { mocked } from './defences.ts';

/**
 * For processes that vitest does not run: puts what `defences.ts` has in the places where the relay has its own, as
 * `vi.mock` does in the test's process. It has to be loaded before the relay.
 */
const MODULES: Record<keyof typeof mocked, string> = {
  signatures: 'proof/signatures.ts',
  secrets: 'store/secrets.ts',
  groups: 'store/groups.ts',
  commits: 'store/append-commit.ts',
  messages: 'store/append-messages.ts',
  welcomes: 'store/welcomes.ts',
  topics: 'streams/topics.ts',
  accounts: 'store/accounts.ts',
  rateLimit: 'limits/rate-limit.ts',
};

/** Marks what stands in the place of a module; it alone gets the module itself. */
const REPLACED = '?replaced';

const replacements = new Map(
  Object.entries(MODULES).map(([name, path]) => {
    const { href } = new URL(`../../src/${path}`, import.meta.url);
    return [href + REPLACED, replacement(name as keyof typeof mocked, href)];
  }),
);

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const url = found.url + REPLACED;
    return replacements.has(url) && context.parentURL !== url ? { ...found, url } : found;
  },
  load(url, context, next) {
    const source = replacements.get(url);
    return source === undefined ? next(url, context) : { format: 'module', source, shortCircuit: true };
  },
});

/** A module that has all that the one at this address has, of which some is mocked. */
function replacement(name: keyof typeof mocked, href: string): string {
  const names = Object.keys(mocked[name]({} as never));
  return `
    import * as real from '${href}';
    import { mocked } from '${new URL('defences.ts', import.meta.url).href}';
    export * from '${href}';
    export const { ${names.join(', ')} } = mocked.${name}(real);
  `;
}
