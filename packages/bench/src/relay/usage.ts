/** What the relay has used so far, as it tells an operator itself. */
export interface Usage {
  cpuSeconds: number;
  residentBytes: number;
  /** Statements of its store that only read, and all others. */
  reads: number;
  writes: number;
}

export async function usageOf(adminUrl: string): Promise<Usage> {
  return parseUsage(await (await fetch(`${adminUrl}/metrics`)).text());
}

export function parseUsage(metrics: string): Usage {
  const lines = new Map(metrics.split('\n').map((line) => [line.slice(0, line.lastIndexOf(' ')), line]));
  const value = (name: string) => {
    const line = lines.get(`quicprochat_relay_${name}`);
    return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(' ')));
  };
  return {
    cpuSeconds: value('process_cpu_seconds_total'),
    residentBytes: value('process_resident_memory_bytes'),
    reads: value('store_seconds_count{kind="read"}'),
    writes: value('store_seconds_count{kind="write"}') + value('store_seconds_count{kind="commit"}'),
  };
}

/** How much of one core the relay and this driver each used, and what the relay asked of its store. */
export interface Shares {
  relayCpu: number;
  driverCpu: number;
  reads: number;
  writes: number;
}

/** Runs a part of the measurement and tells what it cost. */
export async function metered<T>(adminUrl: string, part: () => Promise<T>): Promise<T & Shares> {
  const [before, driver, start] = [await usageOf(adminUrl), process.cpuUsage(), performance.now()];
  const result = await part();
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(driver);
  const after = await usageOf(adminUrl);
  const share = (cpuSeconds: number) => Number((cpuSeconds / seconds).toFixed(2));
  return {
    ...result,
    relayCpu: share(after.cpuSeconds - before.cpuSeconds),
    driverCpu: share((user + system) / 1e6),
    reads: after.reads - before.reads,
    writes: after.writes - before.writes,
  };
}
