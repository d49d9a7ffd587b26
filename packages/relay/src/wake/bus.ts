/** Carries texts from each relay to all, itself included. It may lose some: `sharedWake` is made for that. */
export interface Bus {
  /** Rejects where the text is known to be lost. */
  publish(text: string): Promise<void>;
  close(): Promise<void>;
}

export interface BusEvents {
  onText: (text: string) => void;
  /** It is connected (again): what was published before may be lost, in both directions. */
  onConnected: () => void;
}

/** Begins to connect, and gives the bus at once. It connects by itself, however often it has to. */
export type OpenBus = (events: BusEvents) => Bus;

/** The longest text that every bus takes: PostgreSQL's payloads end at 8,000 bytes. */
export const MAX_TEXT_BYTES = 7_000;

/** How long to wait after so many failures in a row: longer each time, and not all relays at the same moment. */
export function backoffMs(failures: number): number {
  return Math.min(5_000, 100 * 2 ** failures) * (0.5 + Math.random() / 2);
}
