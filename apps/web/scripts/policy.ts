import { createHash } from 'node:crypto';

/** What a page may do, from which both the page's own `<meta>` and the server's headers are made. */
export interface PolicyInput {
  /** Origin of the relay: the one foreign address that the page may talk to. */
  relay: string;
  /** `'sha256-…'` of each inline script. */
  scriptHashes: readonly string[];
}

/**
 * The policy that a page carries in itself. Of Trusted Types only `default` can be made, and only once: public/boot.js
 * makes it.
 */
export function pagePolicy(input: PolicyInput): string {
  return `${filePolicy(input)}; require-trusted-types-for 'script'; trusted-types default`;
}

/** The headers that every file should be served with. A header can forbid framing, which a `<meta>` cannot. */
export function securityHeaders(input: PolicyInput): Record<string, string> {
  return {
    'Content-Security-Policy': `${filePolicy(input)}; frame-ancestors 'none'`,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=(), browsing-topics=()',
  };
}

/** The source expression of an inline script (CSP3 §6.7.2.3): the hash of exactly what stands between its tags. */
export function hashSource(script: string): string {
  return `'sha256-${createHash('sha256').update(script, 'utf8').digest('base64')}'`;
}

/**
 * What holds for pages and workers alike: a worker takes its policy from the headers of its own file. Trusted Types
 * are not in it, because the bundler's worker loads its parts by `importScripts` with strings, and a worker has no
 * document to inject into. `wasm-unsafe-eval` allows compiling WebAssembly, and nothing else.
 */
function filePolicy({ relay, scriptHashes }: PolicyInput): string {
  const directives = {
    'default-src': ["'none'"],
    'script-src': ["'self'", "'wasm-unsafe-eval'", ...scriptHashes],
    'style-src': ["'self'"],
    'connect-src': ["'self'", relay],
    'worker-src': ["'self'"],
    'img-src': ["'self'", 'data:'],
    'font-src': ["'self'"],
    'manifest-src': ["'self'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'object-src': ["'none'"],
  };
  return Object.entries(directives)
    .map(([name, values]) => [name, ...values].join(' '))
    .join('; ');
}
