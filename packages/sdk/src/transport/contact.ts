import { TransportError } from '../model/errors.ts';
import { asRelayError } from './relay-errors.ts';

/** Makes calls, turns their failures into typed errors, and reports whether each call reached the relay. */
export class Contact {
  /** Called after each call with whether it reached the relay, whatever the answer was. */
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
