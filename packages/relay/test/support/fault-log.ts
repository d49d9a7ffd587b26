import { appendFileSync, readFileSync } from 'node:fs';
import { pid } from 'node:process';
import { inspect } from 'node:util';

export interface Fault {
  incident: string;
  error: string;
  /** Of the process that reported it. */
  pid: number;
}

/**
 * What relays report to the operator, whichever process they run in. It is in a file before the call that it belongs to is
 * answered: a test that has the answer finds the fault, too.
 */
export class FaultLog {
  readonly #file: string;
  readonly #faults: Fault[] = [];
  #read = 0;

  constructor(file: string) {
    this.#file = file;
  }

  readonly report = (incident: string, error: unknown): void => {
    const fault: Fault = { incident, error: inspect(error), pid };
    appendFileSync(this.#file, `${JSON.stringify(fault)}\n`);
  };

  /** All until now: always the same list, of which a test may take away what it has seen. */
  get faults(): Fault[] {
    const lines = readFileSync(this.#file, { encoding: 'utf8', flag: 'a+' }).split('\n').slice(0, -1);
    this.#faults.push(...lines.slice(this.#read).map((line) => JSON.parse(line) as Fault));
    this.#read = lines.length;
    return this.#faults;
  }
}
