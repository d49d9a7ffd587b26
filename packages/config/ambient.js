import { builtinModules } from 'node:module';
import { everyGlobal, NEW_DATE, OTHER_DATE } from './time-and-globals.js';

/** What a simulation controls. Only the adapters of a platform may touch it: everybody else is given a Platform. */
const TIME = 'Take the time from the Clock in Platform: the simulation controls it.';
const RANDOM = 'Take randomness from the Random in Platform: a simulation seeds it.';
const WAIT = 'Use the Timers in Platform: the simulation controls their time.';
const NET = 'Reach the network through the Net in Platform: a simulation stands in for it.';
const WORKER = 'Start the worker through Platform: a simulation runs it in its own thread.';
const CRYPTO = 'Check signatures by the PublicCrypto in Platform: WebCrypto answers from other threads.';
const TABS = 'Locks and broadcasts between tabs belong to the adapters in storage/ and platform/.';
const PLACE = 'What the place is like that this runs in belongs to the adapters in storage/ and platform/.';

/** Storage does without these as well. */
const TO_THE_PLATFORM_ALONE = {
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
  performance: TIME,
  crypto: `${RANDOM} ${CRYPTO}`,
  scheduler: WAIT,
  Temporal: TIME,
  ...everyGlobal,
};

const GLOBALS = {
  ...TO_THE_PLATFORM_ALONE,
  BroadcastChannel: TABS,
  MessageChannel: TABS,
  navigator: TABS,
  indexedDB: PLACE,
  localStorage: PLACE,
  sessionStorage: PLACE,
  caches: PLACE,
  document: PLACE,
  addEventListener: PLACE,
  process: PLACE,
};

const PROPERTIES = [
  { object: 'Date', property: 'now', message: TIME },
  { object: 'Math', property: 'random', message: RANDOM },
  { object: 'AbortSignal', property: 'timeout', message: WAIT },
];

/** What the linter compares with names is what is imported statically: under a name that is computed, or late, is anything. */
export const LATE_IMPORT = {
  selector: 'ImportExpression:not([source.value=/^[a-z]/])',
  message: 'Import statically: the rules of the layers do not see what is imported at run time.',
};

const TIMES = [NEW_DATE, OTHER_DATE].map((selector) => ({ selector, message: TIME }));

/** The rules that keep a folder from using the world around it. */
export const ambientRules = {
  ...rulesOf(GLOBALS),
  'no-restricted-syntax': ['error', ...TIMES, { ...LATE_IMPORT, selector: 'ImportExpression' }],
  'no-restricted-imports': [
    'error',
    ...builtinModules.flatMap((name) => [
      { name, message: 'Only the adapters of a platform may import this.' },
      { name: `node:${name}`, message: 'Only the adapters of a platform may import this.' },
    ]),
  ],
};

/** Those of the adapters to storages: they reach files, databases and other tabs, and no clock, chance or network. */
export const storageRules = {
  ...rulesOf(TO_THE_PLATFORM_ALONE),
  'no-restricted-syntax': ['error', ...TIMES, LATE_IMPORT],
};

function rulesOf(globals) {
  return {
    'no-restricted-globals': [
      'error',
      ...Object.entries(globals).map(([name, message]) => ({ name, message })),
    ],
    'no-restricted-properties': ['error', ...PROPERTIES],
  };
}
