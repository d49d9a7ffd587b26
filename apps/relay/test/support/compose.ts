import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { OPS } from './tool.ts';

export const COMPOSE = new URL('compose/', OPS);

/** What Compose reads, with the fields that our files use; others are misspelt. */
const serviceSchema = z.strictObject({
  image: z.string().regex(/^[\w./-]+(:(?!latest)[\w.-]+)?$/),
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  restart: z.literal('unless-stopped'),
  profiles: z.array(z.string()).optional(),
  read_only: z.literal(true),
  cap_drop: z.tuple([z.literal('ALL')]),
  cap_add: z.array(z.string()).optional(),
  security_opt: z.tuple([z.literal('no-new-privileges:true')]),
  stop_grace_period: z.string().optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.literal('service_healthy') })).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  healthcheck: z
    .strictObject({ test: z.array(z.string()), interval: z.string(), timeout: z.string(), retries: z.int() })
    .optional(),
  ports: z.array(z.string()).optional(),
  tmpfs: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  networks: z.strictObject({
    inside: z.strictObject({ ipv4_address: z.ipv4(), aliases: z.array(z.string()).optional() }),
  }),
});
const composeSchema = z
  .object({
    name: z.string(),
    services: z.record(z.string(), serviceSchema),
    volumes: z.record(z.string(), z.null()),
    networks: z.strictObject({
      inside: z.strictObject({
        ipam: z.strictObject({ config: z.tuple([z.strictObject({ subnet: z.cidrv4() })]) }),
      }),
    }),
  })
  // Parts of their own, which Compose leaves alone.
  .catchall(z.looseObject({}))
  .refine((file) => Object.keys(file).every((key) => /^(x-.*|name|services|volumes|networks)$/.test(key)));

export type Compose = z.infer<typeof composeSchema>;
export type Service = z.infer<typeof serviceSchema>;

export function readCompose(name: string): Compose {
  return composeSchema.parse(parse(readFileSync(new URL(name, COMPOSE), 'utf8'), { merge: true }));
}

/** Those of a file's services that are relays. */
export function relaysOf({ services }: Compose): [string, Service][] {
  return Object.entries(services).filter(([name]) => name.startsWith('relay'));
}

export function serviceOf({ services }: Compose, name: string): Service {
  const found = services[name];
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
}

/** What an operator sets, and what Compose then puts in. */
const SET: Record<string, string> = {
  RELAY_HOST: 'relay.quicprochat.net',
  WEB_ORIGIN: 'https://chat.quicprochat.net',
  DATABASE_PASSWORD: '5f1d2e8c94b7a360',
};

export function filledIn(environment: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      value.replaceAll(/\$\{(\w+):\?[^}]*\}/g, (_, variable: string) => SET[variable] ?? ''),
    ]),
  );
}
