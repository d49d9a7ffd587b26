import type { Order, Report, Snapshot } from './driver.ts';

/** What becomes of what a tab reports. */
export type Hear = (report: Report) => void;

/** A client of a device: a tab of a browser, a process of its own, or one in this process. */
export interface Tab {
  readonly name: string;
  /** `opening` until its client can be used, `gone` after its end. */
  readonly state: 'opening' | 'running' | 'frozen' | 'gone';
  obey(order: Order): void;
  snapshot(options: { hasLines: boolean }): Promise<Snapshot>;
}

/** A tab whose process can be killed, without a word to it, and stopped. */
export interface MortalTab extends Tab {
  kill(how: 'close' | 'crash'): Promise<void>;
  freeze(): void;
  thaw(): void;
}

/** A device whose tabs are real processes on one real storage. */
export interface Device {
  /** Tabs that are not gone. */
  readonly tabs: readonly MortalTab[];
  /** Begins to open a tab. Its client can be used as soon as it is `running`. */
  openTab(): void;
  /** Cuts the device off from the relay, or ends that. */
  setOffline(isOffline: boolean): void;
  /** Kills all that runs, at once, and makes the device ready for new tabs. */
  killAll(): Promise<void>;
  /** What went wrong that no test did, such as a client that could not be opened. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}
