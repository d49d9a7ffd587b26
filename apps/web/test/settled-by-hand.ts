/** A promise, and what settles it. */
export interface SettledByHand<Result> {
  promise: Promise<Result>;
  resolve: (value: Result) => void;
  reject: (error: Error) => void;
}

export function settledByHand<Result>(): SettledByHand<Result> {
  let resolve: (value: Result) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<Result>((...settle) => ([resolve, reject] = settle));
  return { promise, resolve, reject };
}
