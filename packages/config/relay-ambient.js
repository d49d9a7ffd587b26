import { everyGlobal, NEW_DATE, OTHER_DATE } from './time-and-globals.js';

/** What a simulation of the relay has in its hand. Only platform.ts and the adapters to the network may touch it. */
const TIME = 'Take the time from RelayPlatform: a simulation drives it.';
const RANDOM = 'Take randomness and ids from RelayPlatform: a simulation seeds it.';
const WAIT = 'Wait by RelayPlatform: a simulation lets its time pass.';
const NET = 'Only the adapters in http/, blobs/, push/ and wake/ reach the network.';
const CRYPTO =
  'Random bytes, new keys and signatures come from RelayPlatform: a simulation seeds them, and has one thread.';

const GLOBALS = {
  setTimeout: WAIT,
  setInterval: WAIT,
  setImmediate: WAIT,
  clearTimeout: WAIT,
  clearInterval: WAIT,
  clearImmediate: WAIT,
  fetch: NET,
  WebSocket: NET,
  EventSource: NET,
  performance: TIME,
  crypto: CRYPTO,
  scheduler: WAIT,
  Temporal: TIME,
  ...everyGlobal,
};

const PROPERTIES = [
  { object: 'Date', property: 'now', message: TIME },
  { object: 'Math', property: 'random', message: RANDOM },
  { object: 'AbortSignal', property: 'timeout', message: WAIT },
  { object: 'process', property: 'hrtime', message: TIME },
  { object: 'process', property: 'uptime', message: TIME },
  { object: 'process', property: 'nextTick', message: WAIT },
];

/** Modules of Node's, with what may be imported all the same: that has one result wherever and whenever it is called. */
const MODULES = {
  timers: { message: WAIT },
  'timers/promises': { message: WAIT },
  perf_hooks: { message: TIME },
  http: { message: NET },
  https: { message: NET },
  http2: { message: NET },
  tls: { message: NET },
  dns: { message: NET },
  dgram: { message: NET },
  net: { allowImportNames: ['isIP', 'isIPv4', 'isIPv6'], message: NET },
  worker_threads: { message: CRYPTO },
  crypto: {
    allowImportNames: ['createHash', 'createPrivateKey', 'createPublicKey', 'KeyObject'],
    message: CRYPTO,
  },
};

/** The relay's own rules: what procedures do depends on their calls, the store and the platform, and on nothing else. */
export const relayRules = [
  {
    files: ['src/**/*.ts'],
    ignores: [
      'src/platform.ts',
      'src/http/**',
      'src/blobs/**',
      'src/push/**',
      'src/wake/{bus,nats,outgoing-signals,peers,postgres,shared}.ts',
    ],
    rules: {
      'no-restricted-globals': [
        'error',
        ...Object.entries(GLOBALS).map(([name, message]) => ({ name, message })),
      ],
      'no-restricted-properties': ['error', ...PROPERTIES],
      'no-restricted-syntax': [
        'error',
        ...[NEW_DATE, OTHER_DATE].map((selector) => ({ selector, message: TIME })),
        {
          selector: 'ImportExpression',
          message: 'Import statically: the linter does not see what is imported at run time.',
        },
      ],
      'no-restricted-imports': [
        'error',
        ...Object.entries(MODULES).flatMap(([name, rule]) => [
          { name, ...rule },
          { name: `node:${name}`, ...rule },
        ]),
      ],
    },
  },
];
