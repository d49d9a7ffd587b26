import { sdkError } from '../model/errors.ts';
import { absolute, fileLeftByVite, workerNotFound } from './files.ts';
import type { WorkerPort, WorkerSource } from './platform.ts';

/**
 * Starts the worker in a browser.
 *
 * @throws {UsageError} WORKER_NOT_FOUND if the browser refuses the address at once; UNSUPPORTED_RUNTIME
 */
export function spawnWorker(source?: WorkerSource): WorkerPort {
  if (typeof source === 'function') return portOf(source() as Worker, undefined);
  if (typeof Worker === 'undefined')
    throw sdkError(
      'UNSUPPORTED_RUNTIME',
      'This runtime has no web workers, which the SDK needs. Use a browser that has them, or Node.',
    );
  const given = source === undefined ? fileLeftByVite('worker.js', import.meta.url)?.href : absolute(source);
  const address = given ?? addressBesideThis();
  try {
    return portOf(start(given), address);
  } catch (cause) {
    throw workerNotFound(address, cause);
  }
}

/** The second form is the one that bundlers recognise: they copy the file and put in its final address. */
function start(given: string | undefined): Worker {
  if (given !== undefined) return new Worker(given, { type: 'module', name: 'quicprochat' });
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'quicprochat' });
}

/** The address that the literal above stands for, unless a bundler has replaced it with one that only it knows. */
function addressBesideThis(): string | undefined {
  const folder = /^(.*\/)platform-browser\.js(\?|$)/.exec(import.meta.url)?.[1];
  return folder === undefined ? undefined : `${folder}worker.js`;
}

function portOf(worker: Worker, address: string | undefined): WorkerPort {
  let hasSpoken = false;
  return {
    post: (message) => {
      worker.postMessage(message);
    },
    onMessage: (listener) => {
      worker.addEventListener('message', (event) => {
        hasSpoken = true;
        listener(event.data);
      });
    },
    onFailure: (listener) => {
      const tell = (event: Event) => {
        listener(!hasSpoken && isOfMissingFile(event) ? workerNotFound(address) : event);
      };
      worker.addEventListener('error', tell, { once: true });
    },
    setBusy: () => {
      // A page lives as long as its tab.
    },
    terminate: () => {
      worker.terminate();
    },
  };
}

/**
 * Whether the worker's file, or one that a bundler has it load by itself, could not be fetched. The first gives an event
 * without a message, the second an exception with the words of the browser.
 */
function isOfMissingFile(event: Event): boolean {
  if (!(event instanceof ErrorEvent) || event.message === '') return true;
  return /NetworkError|importScripts|imported module/i.test(event.message);
}
