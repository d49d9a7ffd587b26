import { existsSync, readFileSync } from 'node:fs';
import { LIMITS } from '@quicprochat/protocol';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseEnv } from '../../src/env.ts';
import { dangersOf } from '../../src/production.ts';
import { COMPOSE, filledIn, readCompose, relaysOf, serviceOf } from '../support/compose.ts';
import { OPS, testWith, tool } from '../support/tool.ts';

describe.each(['single.yaml', 'cluster.yaml'])('%s', (name) => {
  const file = readCompose(name);
  const relays = relaysOf(file);
  const caddy = serviceOf(file, 'caddy');

  test('its relays start in earnest: nothing about them is a danger', () => {
    for (const [, { environment }] of relays) {
      const env = parseEnv({ QPC_DATABASE: 'sqlite:/data/relay.db', ...filledIn(environment) });
      if ('problems' in env) throw new Error(env.problems.join('\n'));
      expect(env.QPC_PRODUCTION).toBe(true);
      expect(dangersOf(env)).toEqual([]);
    }
  });

  test('as it stands, with the names and the password of nobody, Compose does not start it', () => {
    const asked = readFileSync(new URL(name, COMPOSE), 'utf8').match(/\$\{[^}]*\}/g) ?? [];
    expect(asked.length).toBeGreaterThan(0);
    for (const variable of asked) expect(variable).toMatch(/^\$\{\w+:\?.+\}$/);
  });

  test('the relays believe their proxy and nobody else, and show their state on the inside', () => {
    expect(relays.length).toBeGreaterThan(0);
    for (const [, { environment, networks }] of relays) {
      expect(environment?.['QPC_TRUSTED_PROXY']).toBe(caddy.networks.inside.ipv4_address);
      expect(environment?.['QPC_ADMIN_HOST']).toBe(networks.inside.ipv4_address);
    }
    const upstreams = relays.map(([, { networks }]) => `${networks.inside.ipv4_address}:4000`);
    expect(caddy.environment?.['RELAY_UPSTREAMS']).toBe(upstreams.join(' '));
  });

  test('every service has an address of its own in the network', () => {
    const addresses = Object.values(file.services).map(({ networks }) => networks.inside.ipv4_address);
    expect(new Set(addresses).size).toBe(addresses.length);
    const [{ subnet }] = file.networks.inside.ipam.config;
    for (const address of addresses) expect(address.startsWith(subnet.replace(/\.0\/24$/, '.'))).toBe(true);
  });

  test('only the proxy can be reached from outside, over TCP and UDP', () => {
    const open = Object.entries(file.services).filter(([, { ports }]) => ports !== undefined);
    expect(open.map(([service]) => service)).toEqual(['caddy']);
    expect(caddy.ports).toEqual(['80:80', '443:443', '443:443/udp']);
  });

  test('volumes are declared and used, and files that are mounted or built from are there', () => {
    const used = Object.values(file.services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(':')[0] ?? ''),
    );
    const paths = used.filter((source) => source.startsWith('.'));
    for (const path of paths) expect(existsSync(new URL(path, COMPOSE))).toBe(true);
    const named = used.filter((source) => !source.startsWith('.'));
    expect([...new Set(named)].sort()).toEqual(Object.keys(file.volumes).sort());
    for (const [, { build }] of relays)
      expect(existsSync(new URL(build?.dockerfile ?? 'none', new URL(`${build?.context}/`, COMPOSE)))).toBe(
        true,
      );
  });

  test('a relay has time for its drain, and what is waited for is there', () => {
    for (const [, { stop_grace_period: grace = '' }] of relays)
      expect(parseInt(grace, 10)).toBeGreaterThan(10);
    for (const { depends_on: needs = {} } of Object.values(file.services))
      for (const needed of Object.keys(needs)) expect(file.services).toHaveProperty(needed);
  });

  test('Prometheus finds the relays by their name', () => {
    const { scrape_configs: jobs } = parse(
      readFileSync(new URL('prometheus/prometheus.yml', OPS), 'utf8'),
    ) as { scrape_configs: { dns_sd_configs: { names: string[]; port: number }[] }[] };
    expect(jobs.map(({ dns_sd_configs: found }) => found)).toEqual([
      [{ names: ['relay'], type: 'A', port: 4001 }],
    ]);
    for (const [service, { networks }] of relays)
      expect([service, ...(networks.inside.aliases ?? [])]).toContain('relay');
  });
});

test('one relay keeps its data in its volume; several keep it in one PostgreSQL, with a password of its own', () => {
  expect(serviceOf(readCompose('single.yaml'), 'relay').volumes).toEqual(['data:/data']);
  const cluster = readCompose('cluster.yaml');
  const postgres = serviceOf(cluster, 'postgres');
  const {
    POSTGRES_USER: user,
    POSTGRES_PASSWORD: password,
    POSTGRES_DB: database,
  } = filledIn(postgres.environment);
  for (const [, { environment }] of relaysOf(cluster))
    expect(filledIn(environment)['QPC_DATABASE']).toBe(
      `postgres://${user}:${password}@${postgres.networks.inside.ipv4_address}/${database}`,
    );
});

test('attachments lie in a volume: beside the database of one relay, and one for all relays of a cluster', async () => {
  const place = (environment: Record<string, string> | undefined) => {
    const env = parseEnv({ QPC_DATABASE: 'sqlite:/data/relay.db', ...filledIn(environment) });
    return 'problems' in env ? env.problems : (env.QPC_BLOBS ?? 'folder:/data/blobs');
  };
  for (const name of ['single.yaml', 'cluster.yaml'])
    for (const [, { environment, volumes }] of relaysOf(readCompose(name))) {
      expect(place(environment)).toBe('folder:/data/blobs');
      expect(volumes?.map((volume) => volume.split(':')[1])).toEqual(['/data']);
    }
  const shared = relaysOf(readCompose('cluster.yaml')).map(([, { volumes }]) => volumes?.join());
  expect(new Set(shared).size).toBe(1);
});

test('Caddy lets the largest bodies through, of calls and of uploads', () => {
  const [calls = 0, uploads = 0] = [...caddyfile.matchAll(/max_size (\d+)MB/g)].map(
    ([, size]) => Number(size) * 1e6,
  );
  expect(calls).toBeGreaterThan(LIMITS.maxBodyBytes);
  expect(uploads).toBeGreaterThan(LIMITS.maxBlobBytes);
});

const caddyfile = readFileSync(new URL('Caddyfile', COMPOSE), 'utf8');

test('Caddy speaks HTTP/3, passes events on as they come, and is given each variable that it asks for', () => {
  expect(caddyfile).toMatch(/^\s+protocols h1 h2 h3$/m);
  expect(caddyfile).toMatch(/^\s+flush_interval -1$/m);
  for (const name of ['single.yaml', 'cluster.yaml'])
    for (const [, variable = ''] of caddyfile.matchAll(/\{\$(\w+)\}/g))
      expect(serviceOf(readCompose(name), 'caddy').environment).toHaveProperty(variable);
});

testWith('caddy', 'caddy')('Caddy takes its configuration, with one relay and with three', () => {
  for (const name of ['single.yaml', 'cluster.yaml']) {
    const env = { ...process.env, ...filledIn(serviceOf(readCompose(name), 'caddy').environment) };
    const words = ['validate', '--adapter', 'caddyfile', '--config', 'Caddyfile'];
    expect(tool('caddy', words, { cwd: COMPOSE, env })).toMatchObject({
      exit: 0,
      output: expect.stringContaining('Valid configuration'),
    });
  }
});
