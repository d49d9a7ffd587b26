import { Client } from '../../../src/api/client.ts';
import type { Storage } from '../../../src/storage/storage.ts';
import { Driver, type Order } from './driver.ts';
import type { Hear, Tab } from './tab.ts';

/** A client in this process, which lives to the end. */
export class LocalTab implements Tab {
  readonly name: string;
  readonly state = 'running';
  readonly #driver: Driver;

  private constructor(name: string, driver: Driver) {
    this.name = name;
    this.#driver = driver;
  }

  static async open(
    handle: string,
    { relay, storage, hear }: { relay: string; storage: Storage | Promise<Storage>; hear: Hear },
  ): Promise<LocalTab> {
    return new LocalTab(`${handle}/1`, new Driver(await Client.create({ relay, handle, storage }), hear));
  }

  obey(order: Order): void {
    this.#driver.obey(order);
  }

  snapshot(options: { hasLines: boolean }) {
    return this.#driver.snapshot(options);
  }

  close(): Promise<void> {
    return this.#driver.close();
  }
}
