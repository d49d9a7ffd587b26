/** Web servers that take the headers of a sealed site in a form of their own. */
export const HOSTS = ['caddy', 'nginx'] as const;
export type Host = (typeof HOSTS)[number];

/**
 * The headers of a site as lines of a web server's configuration.
 *
 * @throws {Error} if a value could not be quoted
 */
export function hostHeaders(host: Host, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => {
    // No header of ours has any of these; nginx would read a `$` as a variable, and Caddy a `{` as a placeholder.
    if (/["\\${}\n]/.test(value)) throw new Error(`The header ${name} cannot be written for ${host}.`);
    return host === 'caddy' ? `header ${name} "${value}"` : `add_header ${name} "${value}" always;`;
  });
  return `${lines.join('\n')}\n`;
}
