/** What tests of several rooms share. Private: nothing that ships may import it. */
export { startRelay, type RelayProcess, type RelayOptions } from './relay-process.ts';
export { backUpRelay } from './relay-backup.ts';
export { natsMissing, startNats, type NatsServer } from './nats-server.ts';
export { startPostgresPair, type PostgresPair } from './postgres-pair.ts';
export { postgresMissing } from './postgres-programs.ts';
export { startPostgres, type PostgresServer } from './postgres-server.ts';
export { s3Missing, startS3, type S3Server } from './s3-server.ts';
export { findPlaintext } from './plaintext.ts';
export { eventually } from './eventually.ts';
export { Rng } from './rng.ts';
export { startGoBetween, type GoBetween } from './go-between.ts';
export { forgetLastEntry } from './hostile-operator.ts';
export { isHere } from './is-here.ts';
export { CHROMIUM, CHROMIUM_FLAGS, chromiumMissing } from './chromium.ts';
export { freePort } from './free-port.ts';
export { installOutside, type OutsideProject } from './outside-project.ts';
