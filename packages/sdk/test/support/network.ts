import { RELAY_ERRORS, type RelayErrorCode } from '@quicprochat/protocol';
import type { Platform } from '../../src/platform/platform.ts';
import { platform } from '#platform';

type Fetch = Platform['net']['fetch'];

/** What a call gets instead of the relay's answer; undefined lets it through. */
export type Fault = (call: { procedure: string; body: string }) => Response | Error | undefined;

/** A platform whose network the test has in its hand: it goes through to the relay, except for what `fault` says. */
export function network() {
  let fault: Fault = () => undefined;
  let change: (procedure: string, answer: unknown) => unknown = (_, answer) => answer;
  let before: (procedure: string) => Promise<void> | undefined = () => undefined;
  let loses: (procedure: string) => boolean = () => false;
  const calls: string[] = [];
  const fetch: Fetch = async (input, init) => {
    const request = new Request(input, init);
    const procedure = new URL(request.url).pathname.split('/').at(-1) ?? '';
    await before(procedure);
    const instead = fault({ procedure, body: await request.clone().text() });
    calls.push(procedure);
    if (instead instanceof Error) throw instead;
    if (instead !== undefined) return instead;
    const response = await platform.net.fetch(request);
    if (loses(procedure)) throw reset();
    if (response.headers.get('content-type')?.startsWith('application/json') !== true) return response;
    return Response.json(change(procedure, await response.json()), { status: response.status });
  };
  return {
    platform: { ...platform, net: { ...platform.net, fetch } } satisfies Platform,
    /** The procedures that were called, in their order. */
    calls,
    /** From now on. */
    fail(next: Fault): void {
      fault = next;
    },
    /** The next calls of a procedure, so many of them; then it goes through again. */
    failNext(procedure: string, answer: () => Response | Error, times = 1): void {
      let left = times;
      fault = (call) => (call.procedure === procedure && left-- > 0 ? answer() : undefined);
    },
    /** Has the next call of a procedure wait for this before it goes out. */
    delayNext(procedure: string, wait: () => Promise<void>): void {
      before = async (called) => {
        if (called !== procedure) return;
        before = () => undefined;
        await wait();
      };
    },
    /** Has the relay carry out the next call of a procedure, and loses its answer. */
    loseNext(procedure: string): void {
      loses = (called) => {
        if (called !== procedure) return false;
        loses = () => false;
        return true;
      };
    },
    /** Puts other data into what the relay answers to a procedure. */
    lie(about: string, falsify: (data: never) => unknown): void {
      change = (procedure, answer) => {
        const { result } = answer as { result?: { data: never } };
        return procedure === about && result !== undefined
          ? { result: { data: falsify(result.data) } }
          : answer;
      };
    },
    mend(): void {
      fault = () => undefined;
      change = (_, answer) => answer;
    },
  };
}

export const badGateway = () =>
  new Response('<html>', { status: 502, headers: { 'content-type': 'text/html' } });

export const reset = () => new TypeError('fetch failed');

/** What a relay answers that refuses a call. */
export function refused(code: RelayErrorCode, httpStatus = 400, details: object = {}): Response {
  const { trpc, retryable } = RELAY_ERRORS[code];
  const data = { code: trpc, httpStatus, qpc: { code, retryable, details } };
  return Response.json({ error: { message: code, code: -32_600, data } }, { status: httpStatus });
}

/** What a relay answers that takes no more calls just now. */
export const unavailable = () => refused('UNAVAILABLE', 503);
