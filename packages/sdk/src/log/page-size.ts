import { brokeOff } from '../transport/bounded-fetch.ts';

/** Entries asked for at once. One page is one transaction. */
const MOST_ENTRIES = 100;

/**
 * How many entries to ask for at once. On a bad link, a page that breaks off brings nothing: half as many are asked for
 * after each that did, so that what arrives whole is kept, and more again after each that came through.
 */
export class PageSize {
  #entries = MOST_ENTRIES;

  async read<Page>(ask: (entries: number) => Promise<Page>): Promise<Page> {
    try {
      const page = await ask(this.#entries);
      this.#entries = Math.min(this.#entries * 2, MOST_ENTRIES);
      return page;
    } catch (error) {
      if (brokeOff(error)) this.#entries = Math.max(1, Math.floor(this.#entries / 2));
      throw error;
    }
  }
}
