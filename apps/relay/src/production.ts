import { statSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { dirname } from 'node:path';
import type { Env } from './env.ts';

/** Addresses that only the machine itself, or the network that it stands in, can reach. */
const PRIVATE = blockListOf([
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
]);

/** Passwords that stand in examples, and so are the first to be tried. */
const PLACEHOLDERS =
  /^(|change-?me|example|password|postgres|qpc|quicprochat|root|secret|test|admin|minioadmin|x+)$/i;

/** The names of examples and of this very machine (RFC 2606, RFC 6761). */
const NO_NAME = /(^|\.)(example|test|invalid|localhost|example\.(com|net|org))(:\d+)?$/i;

/**
 * Why a relay with these settings must not serve people: one sentence each, which begins with the variable to change. No
 * value is repeated: a database address can hold a password.
 */
export function dangersOf(env: Env): string[] {
  return [
    ...transportOf(env),
    ...namesOf(env),
    ...originsOf(env),
    ...adminOf(env),
    ...limitsOf(env),
    ...pushOf(env),
    ...secretsOf(env),
    ...wiresOf(env),
    ...dataOf(env),
    ...blobsOf(env),
  ];
}

function transportOf({ QPC_TRUSTED_PROXY: proxies }: Env): string[] {
  if (proxies.length === 0)
    return [
      'QPC_TRUSTED_PROXY is empty, and the relay itself has no TLS. Put a proxy with TLS in front, and set its address here.',
    ];
  if (proxies.some(isTooWide))
    return [
      'QPC_TRUSTED_PROXY trusts too many addresses, so clients could forge theirs. Name only the proxy.',
    ];
  return [];
}

function namesOf({ QPC_PUBLIC_HOSTS: names }: Env): string[] {
  if (names.length === 0)
    return [
      'QPC_PUBLIC_HOSTS is empty. Clients sign for the name that they call, so list the names of this relay here.',
    ];
  if (names.some((name) => NO_NAME.test(name)))
    return ['QPC_PUBLIC_HOSTS holds an example name. List the names that clients use.'];
  return [];
}

function originsOf({ QPC_ORIGINS: origins }: Env): string[] {
  if (origins.includes('*'))
    return [
      'QPC_ORIGINS allows the pages of every site. List the sites of your web clients, each as https://….',
    ];
  if (origins.some((origin) => !origin.startsWith('https://')))
    return [
      'QPC_ORIGINS holds a site without TLS, whose pages anyone on the network path can change. Use only https://….',
    ];
  if (origins.some((origin) => NO_NAME.test(origin.slice('https://'.length))))
    return ['QPC_ORIGINS holds an example name. List the sites of your web clients.'];
  return [];
}

function adminOf({ QPC_ADMIN_HOST: host }: Env): string[] {
  if (isPrivate(host)) return [];
  return [
    'QPC_ADMIN_HOST is not an address of this machine or of a private network. Use 127.0.0.1, or the address that your monitoring queries.',
  ];
}

function isPrivate(host: string): boolean {
  const version = isIP(host);
  return host === 'localhost' || (version !== 0 && PRIVATE.check(host, version === 6 ? 'ipv6' : 'ipv4'));
}

/** No proxy stands in a network that is wider than the widest private ones. */
function isTooWide(network: string): boolean {
  const [address = '', bits] = network.split('/');
  return bits !== undefined && Number(bits) < (isIP(address) === 4 ? 8 : 7);
}

function limitsOf({ QPC_RATE_FACTOR: factor }: Env): string[] {
  return factor > 100 ? ['QPC_RATE_FACTOR is so high that it lifts the rate limits. Use at most 100.'] : [];
}

function pushOf({ QPC_PUSH_HOSTS: hosts }: Env): string[] {
  const isWrong = (host: string) => isIP(host.replace(/:\d+$/, '')) !== 0 || /^\*\.[^.]+$/.test(host);
  return hosts.some(isWrong)
    ? [
        'QPC_PUSH_HOSTS holds an IP address, or all names of a top-level domain. List the hosts of push services.',
      ]
    : [];
}

/** Every variable that is an address, or a list of some, can hold a password: before its host, or behind it. */
function secretsOf(env: Env): string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    const weak = addressesIn(value).some(({ username, password, searchParams }) => {
      const user = searchParams.get('user') ?? username;
      return user !== '' && PLACEHOLDERS.test(searchParams.get('password') ?? password);
    });
    return weak
      ? [`${name} has no password, or a well-known example password. Make one with openssl rand -hex 24.`]
      : [];
  });
}

function addressesIn(value: unknown): URL[] {
  return [value]
    .flat()
    .flatMap((one) => (typeof one === 'string' && URL.canParse(one) ? [new URL(one)] : []));
}

/** Of a host that has a name, nobody can tell here in what network it is. */
function wiresOf({ QPC_DATABASE: database, QPC_NATS: nats }: Env): string[] {
  const isExposed = ({ hostname, searchParams }: URL) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    return (
      isIP(host) !== 0 && !isPrivate(host) && !/^(require|verify-)/.test(searchParams.get('sslmode') ?? '')
    );
  };
  return [
    ...(database.startsWith('postgres') && addressesIn(database).some(isExposed)
      ? ['QPC_DATABASE is reached without TLS over a network that is not private. Add sslmode=verify-full.']
      : []),
    ...(addressesIn(nats).some(isExposed)
      ? ['QPC_NATS is reached without TLS over a network that is not private. Use a private network.']
      : []),
  ];
}

function dataOf({ QPC_DATABASE: address }: Env): string[] {
  if (!address.startsWith('sqlite:')) return [];
  const path = address.slice('sqlite:'.length);
  if (path === ':memory:')
    return ['QPC_DATABASE keeps nothing after the relay stops. Use sqlite:PATH with a file.'];
  const folder = dirname(path);
  return [
    ...(isOpenToOthers(folder)
      ? [`QPC_DATABASE is in a folder that other users of this machine can read. Run: chmod 700 ${folder}`]
      : []),
    ...(isOpenToOthers(path)
      ? [`QPC_DATABASE is a file that other users of this machine can read. Run: chmod 600 ${path}`]
      : []),
  ];
}

function blobsOf(env: Env): string[] {
  const { QPC_BLOBS: place = '', QPC_S3_ENDPOINT: endpoint, QPC_S3_SECRET_ACCESS_KEY: secret } = env;
  if (place.startsWith('folder:')) {
    const folder = place.slice('folder:'.length);
    return isOpenToOthers(folder)
      ? [`QPC_BLOBS is a folder that other users of this machine can read. Run: chmod 700 ${folder}`]
      : [];
  }
  return [
    ...(endpoint !== undefined && !isPrivateOrTls(new URL(endpoint))
      ? ['QPC_S3_ENDPOINT is reached without TLS over a network that is not private. Use https://….']
      : []),
    ...(secret !== undefined && PLACEHOLDERS.test(secret)
      ? ['QPC_S3_SECRET_ACCESS_KEY is a well-known example key. Make a new one.']
      : []),
  ];
}

function isPrivateOrTls({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || isPrivate(hostname.replace(/^\[|\]$/g, ''));
}

/** What is not there yet will be made for its owner alone. */
function isOpenToOthers(path: string): boolean {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
  return (mode & 0o007) !== 0;
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
