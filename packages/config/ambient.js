/** What a simulation has in its hand. Only the adapters of a platform may touch it: everybody else is given a Platform. */
const TIME = 'Take the time from the Clock in Platform: a simulation drives it.';
const RANDOM = 'Take randomness from the Random in Platform: a simulation seeds it.';
const WAIT = 'Wait by the Timers in Platform: a simulation lets their time pass.';
const NET = 'Reach the network through the Net in Platform: a simulation stands in for it.';
const WORKER = 'Start the worker through Platform: a simulation runs it in its own thread.';
const CRYPTO = 'Check signatures by the PublicCrypto in Platform: WebCrypto answers from other threads.';
const TABS = 'Locks and broadcasts between tabs belong to the adapters in storage/ and platform/.';

const GLOBALS = {
  setTimeout: WAIT,
  setInterval: WAIT,
  setImmediate: WAIT,
  clearTimeout: WAIT,
  clearInterval: WAIT,
  requestAnimationFrame: WAIT,
  requestIdleCallback: WAIT,
  fetch: NET,
  EventSource: NET,
  WebSocket: NET,
  XMLHttpRequest: NET,
  Worker: WORKER,
  SharedWorker: WORKER,
  BroadcastChannel: TABS,
  navigator: TABS,
  performance: TIME,
  crypto: `${RANDOM} ${CRYPTO}`,
};

const PROPERTIES = [
  { object: 'Date', property: 'now', message: TIME },
  { object: 'Math', property: 'random', message: RANDOM },
  { object: 'AbortSignal', property: 'timeout', message: WAIT },
  { object: 'globalThis', property: 'crypto', message: `${RANDOM} ${CRYPTO}` },
  { object: 'globalThis', property: 'fetch', message: NET },
  { object: 'globalThis', property: 'setTimeout', message: WAIT },
  { object: 'process', property: 'hrtime', message: TIME },
  { object: 'process', property: 'nextTick', message: WAIT },
];

const NEW_DATE = "NewExpression[callee.name='Date'][arguments.length=0]";

/** The rules that keep a folder from using the world around it. */
export const ambientRules = {
  'no-restricted-globals': [
    'error',
    ...Object.entries(GLOBALS).map(([name, message]) => ({ name, message })),
  ],
  'no-restricted-properties': ['error', ...PROPERTIES],
  'no-restricted-syntax': ['error', { selector: NEW_DATE, message: TIME }],
  'no-restricted-imports': [
    'error',
    ...['timers', 'timers/promises', 'worker_threads', 'crypto', 'perf_hooks'].flatMap((name) => [
      { name, message: 'Only the adapters of a platform may import this.' },
      { name: `node:${name}`, message: 'Only the adapters of a platform may import this.' },
    ]),
  ],
};
