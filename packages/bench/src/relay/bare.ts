import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toBase64Url } from '@quicprochat/protocol';
import { newId } from '@quicprochat/testkit';
import { Calls } from './calls.ts';
import { CONNECTIONS, type Ground } from './ground.ts';
import { LoadGroup } from './load-group.ts';
import { openLoop } from './open-loop.ts';
import { arrivals } from './schedule.ts';
import type { SendLoad } from './sends.ts';
import { usageOf } from './usage.ts';

const SERVER = fileURLToPath(new URL('bare-server.ts', import.meta.url));

/** What one call of a kind takes. */
export interface Cost {
  answered: number;
  failed: number;
  /** Medians of the rounds. */
  p50: number;
  p99: number;
  /** Of all the server's threads, for one call. */
  cpuMs: number;
}

/** A send to the relay, and the same bytes to a server that does no more than store them. */
export interface BareStep {
  rate: number;
  send: Cost;
  bare: Cost;
}

export interface BareLoad extends SendLoad {
  /** How often the two take turns, so that both have the same of whatever else the machine does. */
  rounds: number;
}

/** A kind of call, and the processor time that its server has used so far. */
interface Contender {
  call: (index: number) => Promise<unknown>;
  cpuSeconds: () => Promise<number>;
}

/** Puts the same load on the relay and on a bare server, by turns. */
export async function measureBare(ground: Ground, load: BareLoad): Promise<BareStep> {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-bare-'));
  const child = fork(SERVER, [join(folder, 'bare.db')], { execArgv: [] });
  try {
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    using calls = new Calls(`http://127.0.0.1:${port}`, CONNECTIONS);
    const contenders = [await relayOf(ground, load), bareOf(calls, load)];
    // The first seconds are the compiler's.
    for (const contender of contenders) await oneRound(contender, load);
    const rounds = contenders.map((): Cost[] => []);
    for (let round = 0; round < load.rounds; round += 1)
      for (const [i, contender] of contenders.entries()) rounds[i]?.push(await oneRound(contender, load));
    const [send, bare] = rounds.map(together);
    if (send === undefined || bare === undefined) throw new Error('nothing was measured');
    return { rate: load.rate, send, bare };
  } finally {
    child.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

async function relayOf({ calls, adminUrl }: Ground, { groups: count, bytes }: SendLoad): Promise<Contender> {
  const groups = await Promise.all(Array.from({ length: count }, () => new LoadGroup(calls).create()));
  return {
    call: async (index) => groups[index % groups.length]?.post(newId(), bytes),
    cpuSeconds: async () => (await usageOf(adminUrl)).cpuSeconds,
  };
}

function bareOf(calls: Calls, { bytes }: SendLoad): Contender {
  return {
    call: () => calls.make('bare', { id: newId(), message: toBase64Url(randomBytes(bytes)) }),
    cpuSeconds: async () => {
      const { user, system } = await calls.make<NodeJS.CpuUsage>('usage', {});
      return (user + system) / 1e6;
    },
  };
}

async function oneRound({ call, cpuSeconds }: Contender, load: SendLoad): Promise<Cost> {
  const before = await cpuSeconds();
  const { answered, failed, unanswered, latency } = await openLoop({
    due: arrivals(load),
    patienceMs: load.patienceMs,
    call,
  });
  const cpuMs = ((await cpuSeconds()) - before) * 1_000;
  const each = answered === 0 ? 0 : cpuMs / answered;
  return { answered, failed: failed + unanswered, p50: latency.p50, p99: latency.p99, cpuMs: each };
}

function together(rounds: readonly Cost[]): Cost {
  const sum = (of: (cost: Cost) => number) => rounds.reduce((total, cost) => total + of(cost), 0);
  const answered = sum((cost) => cost.answered);
  const cpuMs = answered === 0 ? 0 : sum((cost) => cost.cpuMs * cost.answered) / answered;
  return {
    answered,
    failed: sum((cost) => cost.failed),
    p50: median(rounds.map(({ p50 }) => p50)),
    p99: median(rounds.map(({ p99 }) => p99)),
    cpuMs: Number(cpuMs.toPrecision(3)),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}
