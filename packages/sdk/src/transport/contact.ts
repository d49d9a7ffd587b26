import { TransportError } from '../model/errors.ts';
import { asRelayError } from './relay-errors.ts';

/** Makes calls, names their errors, and tells of each whether it reached the relay. */
export class Contact {
  /** Told of each call whether it reached the relay, whatever that answered. */
  onContact: ((reached: boolean) => void) | undefined;

  /** @throws {TransportError} */
  async call<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      const result = await call();
      this.onContact?.(true);
      return result;
    } catch (cause) {
      const error = asRelayError(cause);
      if (error instanceof TransportError) this.onContact?.(error.code !== 'NETWORK');
      throw error;
    }
  }
}
