import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { envSchema } from '../../src/env.ts';
import { OPS } from '../support/tool.ts';

interface Instruction {
  name: string;
  words: string;
}

const dockerfile = readFileSync(new URL('docker/Dockerfile', OPS), 'utf8');
const instructions = dockerfile
  .replaceAll(/\\\n/g, ' ')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line): Instruction => {
    const [name = '', ...words] = line.split(/\s+/);
    return { name, words: words.join(' ') };
  });
const final = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));

function only(name: string): string {
  const found = final.filter((instruction) => instruction.name === name);
  expect(found).toHaveLength(1);
  return found[0]?.words ?? '';
}

test('the image has no shell and no package manager, and runs nothing while it is built', () => {
  expect(only('FROM')).toMatch(/^gcr\.io\/distroless\/nodejs\d+-debian12:nonroot$/);
  expect(final.map(({ name }) => name)).not.toContain('RUN');
});

test('it runs as nobody in particular, who owns the data and not the program', () => {
  const user = only('USER');
  expect(user).toMatch(/^[1-9]\d+:[1-9]\d+$/);
  const copies = final.filter(({ name }) => name === 'COPY').map(({ words }) => words);
  expect(copies).toContain(`--from=build --chown=${user} /data /data`);
  expect(copies).toContain('--from=build /src/apps/relay/dist /app');
});

test('what it starts, and what it asks whether it is well, is the file that the bundle makes', () => {
  const start = JSON.parse(only('ENTRYPOINT')) as string[];
  const [, check = ''] = /CMD (\[.*\])$/.exec(only('HEALTHCHECK')) ?? [];
  expect(JSON.parse(check)).toEqual([...start, 'health']);
  // tsdown.config.ts puts it there; bundle.test.ts starts it.
  const { bin } = JSON.parse(readFileSync(new URL('../apps/relay/package.json', OPS), 'utf8')) as {
    bin: Record<string, string>;
  };
  expect(start).toEqual(['/nodejs/bin/node', bin['qpc-relay']?.replace('./dist', '/app')]);
});

test('its variables are the relay’s, and its data lies in its volume', () => {
  const set = only('ENV')
    .split(' ')
    .map((pair) => pair.split('='))
    .filter(([name = '']) => name !== 'NODE_ENV');
  expect(envSchema.partial().safeParse(Object.fromEntries(set)).success).toBe(true);
  expect(only('ENV')).toContain(`QPC_DATABASE=sqlite:${only('VOLUME')}/relay.db`);
});

test('every stage names its version, and the builder has the package manager’s that the checkout has', () => {
  const bases = instructions
    .filter(({ name }) => name === 'FROM')
    .map(({ words }) => words.split(' ')[0] ?? '');
  for (const base of bases) expect(base).toMatch(/:(?!latest)[\w.-]+$/);
  const manifest = JSON.parse(readFileSync(new URL('../package.json', OPS), 'utf8')) as {
    packageManager: string;
  };
  for (const [pinned] of dockerfile.matchAll(/pnpm@[\d.]+/g)) expect(pinned).toBe(manifest.packageManager);
});

test('what the builder leaves out holds no secrets, and the list is where Docker looks for it', () => {
  expect(existsSync(new URL('docker/Dockerfile.dockerignore', OPS))).toBe(true);
  const ignored = readFileSync(new URL('docker/Dockerfile.dockerignore', OPS), 'utf8').split('\n');
  for (const secret of ['.git', '**/.env', '**/.qpc', '**/node_modules']) expect(ignored).toContain(secret);
});
