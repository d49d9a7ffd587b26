import { createRelay } from '@quicprochat/relay';
import { pino } from 'pino';
import { serveAdmin } from './admin.ts';
import { openBlobs } from './blobs.ts';
import { parseEnv, type Env } from './env.ts';
import { faultOf } from './fault.ts';
import { createMetrics } from './metrics.ts';
import { dangersOf } from './production.ts';
import { storeSentenceOf } from './sentences.ts';
import { openStore } from './store.ts';

/** The relay process: reads its environment, opens its store, serves until it is told to stop. */
const env = parseEnv(process.env);
if ('problems' in env) refuse(env.problems);
const dangers = env.QPC_PRODUCTION ? dangersOf(env) : [];
if (dangers.length > 0) refuse(dangers);
await run(env).catch((error: unknown) => {
  console.error(sentenceOf(error, env));
  process.exit(1);
});

function refuse(problems: readonly string[]): never {
  for (const problem of problems) console.error(problem);
  process.exit(3);
}

async function run(env: Env): Promise<void> {
  const log = pino({ level: env.QPC_LOG_LEVEL, base: null });
  const metrics = createMetrics();
  const { db, wake, hasRoom } = await openStore(env, {
    observe: metrics.observe,
    onHearing: (isHearing) => {
      if (isHearing) log.info('wake-ups from all other relays arrive again');
      else log.warn('wake-ups from some relays do not arrive; streams poll the database every two seconds');
    },
  });
  const blobs = await openBlobs(env);
  const relay = createRelay({
    db,
    wake,
    hasRoom,
    blobs,
    origins: env.QPC_ORIGINS,
    publicHosts: env.QPC_PUBLIC_HOSTS,
    trustedProxies: env.QPC_TRUSTED_PROXY,
    rateFactor: env.QPC_RATE_FACTOR,
    observe: metrics.observe,
    bounds: {
      maxCalls: env.QPC_MAX_CALLS,
      maxStreams: env.QPC_MAX_STREAMS,
      maxUploads: env.QPC_MAX_UPLOADS,
    },
    push: { hosts: env.QPC_PUSH_HOSTS },
    report: (incident, error) => {
      log.error({ incident, fault: faultOf(error) }, 'a call failed because of an internal error');
    },
  });
  let state: 'starting' | 'serving' | 'draining' = 'starting';
  const admin = await serveAdmin({
    host: env.QPC_ADMIN_HOST,
    port: env.QPC_ADMIN_PORT,
    registry: metrics.registry,
    isReady: async () =>
      state === 'serving' && (await db.selectFrom('logs').select('epoch').limit(1).execute()).length >= 0,
  });
  // Before anyone can know that it serves: who tells it to stop from then on is heard.
  const stop = () => {
    if (state === 'draining') return;
    state = 'draining';
    // The admin port stays to the last, and says that the relay is not ready any more.
    relay.close().then(
      () => {
        admin.close();
        log.info('the relay has stopped');
        process.exit(0);
      },
      (error: unknown) => {
        log.error({ fault: faultOf(error) }, 'the relay did not stop cleanly');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  const address = await relay.listen({ host: env.QPC_HOST, port: env.QPC_PORT });
  state = 'serving';
  console.log(
    `The relay serves at ${address} (state: http://${env.QPC_ADMIN_HOST}:${env.QPC_ADMIN_PORT}/readyz).`,
  );
}

function sentenceOf(error: unknown, env: Env): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'EADDRINUSE') {
    return `Port ${env.QPC_PORT} or ${env.QPC_ADMIN_PORT} is taken. Stop the program that uses it, or set QPC_PORT and QPC_ADMIN_PORT.`;
  }
  const ofStore = storeSentenceOf(error);
  if (ofStore !== undefined) return ofStore;
  if (code === 'EACCES')
    return `The relay may not use port ${env.QPC_PORT} or ${env.QPC_ADMIN_PORT}. Set QPC_PORT and QPC_ADMIN_PORT to ports that it may use.`;
  return error instanceof Error ? error.message : 'The relay cannot start because of an unexpected error.';
}
