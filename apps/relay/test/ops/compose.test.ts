import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseEnv } from '../../src/env.ts';
import { dangersOf } from '../../src/production.ts';
import { OPS, testWith, tool } from '../support/tool.ts';

const COMPOSE = new URL('compose/', OPS);

/** What Compose would read, with the fields that these files use; others are misspelt. */
const serviceSchema = z.strictObject({
  image: z.string().regex(/^[\w./-]+(:[\w.-]+)?$/),
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  restart: z.literal('unless-stopped'),
  profiles: z.array(z.string()).optional(),
  read_only: z.literal(true),
  cap_drop: z.tuple([z.literal('ALL')]),
  cap_add: z.array(z.string()).optional(),
  security_opt: z.tuple([z.literal('no-new-privileges:true')]),
  stop_grace_period: z.string().optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.string() })).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  ports: z.array(z.string()).optional(),
  volumes: z.array(z.string()),
  networks: z.strictObject({ inside: z.strictObject({ ipv4_address: z.ipv4() }) }),
});
const composeSchema = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), serviceSchema),
  volumes: z.record(z.string(), z.null()),
  networks: z.strictObject({
    inside: z.strictObject({
      ipam: z.strictObject({ config: z.tuple([z.strictObject({ subnet: z.cidrv4() })]) }),
    }),
  }),
});

const single = composeSchema.parse(parse(readFileSync(new URL('single.yaml', COMPOSE), 'utf8')));

function service(name: string): z.infer<typeof serviceSchema> {
  const found = single.services[name];
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
}

/** What an operator sets, and what Compose then puts in. */
const SET: Record<string, string> = {
  RELAY_HOST: 'relay.quicprochat.net',
  WEB_ORIGIN: 'https://chat.quicprochat.net',
};
function filledIn(environment: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      value.replaceAll(/\$\{(\w+):\?[^}]*\}/g, (_, variable: string) => SET[variable] ?? ''),
    ]),
  );
}

test('its relay starts in earnest: nothing about it is a danger', () => {
  const env = parseEnv({ QPC_DATABASE: 'sqlite:/data/relay.db', ...filledIn(service('relay').environment) });
  if ('problems' in env) throw new Error(env.problems.join('\n'));
  expect(env.QPC_PRODUCTION).toBe(true);
  expect(dangersOf(env)).toEqual([]);
});

test('as it stands, with the names of nobody, Compose does not start it', () => {
  const asked = readFileSync(new URL('single.yaml', COMPOSE), 'utf8').match(/\$\{[^}]*\}/g) ?? [];
  expect(asked.length).toBeGreaterThan(0);
  for (const variable of asked) expect(variable).toMatch(/^\$\{\w+:\?.+\}$/);
});

test('the relay believes its proxy and nobody else, and shows its state on the inside', () => {
  const address = (name: string) => service(name).networks.inside.ipv4_address;
  const { environment } = service('relay');
  expect(environment?.['QPC_TRUSTED_PROXY']).toBe(address('caddy'));
  expect(environment?.['QPC_ADMIN_HOST']).toBe(address('relay'));
  expect(service('caddy').environment?.['RELAY_UPSTREAMS']).toBe(`${address('relay')}:4000`);
  const [{ subnet }] = single.networks.inside.ipam.config;
  for (const name of Object.keys(single.services)) {
    expect(isIP(address(name))).toBe(4);
    expect(address(name).startsWith(subnet.replace(/\.0\/24$/, '.'))).toBe(true);
  }
});

test('only the proxy can be reached from outside, over TCP and UDP', () => {
  const open = Object.entries(single.services).filter(([, { ports }]) => ports !== undefined);
  expect(open.map(([name]) => name)).toEqual(['caddy']);
  expect(service('caddy').ports).toEqual(['80:80', '443:443', '443:443/udp']);
});

test('every volume is declared, every file that is mounted or built from is there, and data lies in a volume', () => {
  for (const { volumes, build } of Object.values(single.services)) {
    for (const volume of volumes) {
      const [source = ''] = volume.split(':');
      if (source.startsWith('.')) expect(existsSync(new URL(source, COMPOSE))).toBe(true);
      else expect(single.volumes).toHaveProperty(source);
    }
    if (build !== undefined)
      expect(existsSync(new URL(build.dockerfile, new URL(`${build.context}/`, COMPOSE)))).toBe(true);
  }
  expect(service('relay').volumes).toEqual(['data:/data']);
});

test('the relay has time for its drain', () => {
  expect(parseInt(service('relay').stop_grace_period ?? '', 10)).toBeGreaterThan(10);
});

const caddyfile = readFileSync(new URL('Caddyfile', COMPOSE), 'utf8');

test('Caddy speaks HTTP/3, passes events on as they come, and what it is told by variables it is given', () => {
  expect(caddyfile).toMatch(/^\s+protocols h1 h2 h3$/m);
  expect(caddyfile).toMatch(/^\s+flush_interval -1$/m);
  for (const [, variable = ''] of caddyfile.matchAll(/\{\$(\w+)\}/g))
    expect(service('caddy').environment).toHaveProperty(variable);
});

testWith('caddy', 'caddy')('Caddy takes its configuration', () => {
  const env = { ...process.env, RELAY_HOST: 'relay.quicprochat.net', RELAY_UPSTREAMS: '172.30.7.10:4000' };
  const words = ['validate', '--adapter', 'caddyfile', '--config', 'Caddyfile'];
  expect(tool('caddy', words, { cwd: COMPOSE, env })).toMatchObject({
    exit: 0,
    output: expect.stringContaining('Valid configuration'),
  });
});
