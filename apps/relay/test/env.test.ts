import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { envSchema, parseEnv } from '../src/env.ts';

const example = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');

test('.env.example describes every variable, and no other', () => {
  const described = [...example.matchAll(/^#? ?(QPC_\w+)=/gm)].map(([, name]) => name);
  expect([...new Set(described)].sort()).toEqual(Object.keys(envSchema.shape).sort());
});

test('an unknown variable is named, and stops the start', () => {
  expect(parseEnv({ QPC_PROT: '4000' })).toEqual({ problems: [expect.stringContaining('QPC_PROT')] });
});

test.each([
  ['QPC_PORT', 'many'],
  ['QPC_PORT', '70000'],
  ['QPC_DATABASE', 'mysql://x'],
  ['QPC_BLOBS', '/var/blobs'],
  ['QPC_BLOBS', 's3://-hush'],
  ['QPC_BLOBS', 's3://b?x=y'],
  ['QPC_S3_ENDPOINT', 's3.hush'],
  ['QPC_NATS', 'redis://nobody:secret@x'],
  ['QPC_NATS', ',,'],
  ['QPC_LOG_LEVEL', 'loud'],
  ['QPC_PUSH_HOSTS', 'https://push.example/'],
  ['QPC_PUSH_HOSTS', 'push.*'],
  ['QPC_RATE_FACTOR', '-1'],
  ['QPC_RELAY', 'nonsense'],
  ['QPC_ORIGINS', 'not an origin'],
  ['QPC_PRODUCTION', 'yes'],
  ['QPC_TRUSTED_PROXY', 'proxy.local'],
  ['QPC_TRUSTED_PROXY', '10.0.0.0/33'],
  ['QPC_TRUSTED_PROXY', '10.0.0.1,10.0.0.0/8/8'],
])('%s=%s is named, and its value is not repeated', (name, value) => {
  const parsed = parseEnv({ [name]: value });
  expect(parsed).toEqual({ problems: [expect.stringContaining(name)] });
  expect(JSON.stringify(parsed)).not.toContain(value);
});

test('nothing set is enough', () => {
  expect(parseEnv({ PATH: '/bin', QPC_PORT: '' })).toMatchObject({ QPC_PORT: 4000, QPC_ADMIN_PORT: 4001 });
});

test('the pages of the development web client may call, on whatever port QPC_WEB_PORT puts them', () => {
  expect(parseEnv({})).toMatchObject({ QPC_ORIGINS: ['http://localhost:3000', 'http://127.0.0.1:3000'] });
  expect(parseEnv({ QPC_WEB_PORT: '3100' })).toMatchObject({
    QPC_ORIGINS: ['http://localhost:3100', 'http://127.0.0.1:3100'],
  });
  expect(parseEnv({ QPC_WEB_PORT: '3100', QPC_ORIGINS: 'https://chat.example' })).toMatchObject({
    QPC_ORIGINS: ['https://chat.example'],
  });
});
