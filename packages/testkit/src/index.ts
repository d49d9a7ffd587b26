/** What tests of several rooms share. Private: nothing that ships may import it. */
export { eventually } from './eventually.ts';
export { Rng } from './rng.ts';
export { CHROMIUM, CHROMIUM_FLAGS, chromiumMissing } from './people/chromium.ts';
export { installOutside, type OutsideProject } from './people/outside-project.ts';
export { freePort } from './servers/free-port.ts';
export { forgetLastEntry } from './servers/hostile-operator.ts';
export { isHere } from './servers/is-here.ts';
export { natsMissing, startNats, type NatsServer } from './servers/nats-server.ts';
export { findPlaintext } from './servers/plaintext.ts';
export { startPostgresPair, type PostgresPair } from './servers/postgres-pair.ts';
export { postgresMissing } from './servers/postgres-programs.ts';
export { startPostgres, type PostgresServer } from './servers/postgres-server.ts';
export { backUpRelay } from './servers/relay-backup.ts';
export { startRelay, type RelayOptions, type RelayProcess } from './servers/relay-process.ts';
export { s3Missing, startS3, type S3Server } from './servers/s3-server.ts';
export { accessProof } from './wire/access-proof.ts';
export { newId, newSigner, type Signer } from './wire/keys.ts';
export { startGoBetween, type GoBetween } from './wire/go-between.ts';
