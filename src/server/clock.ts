/** Where the server takes time and timers from; tests bring their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since some moment, on a clock that is never set. */
  steady(): number;
  /** Calls back once after `ms` milliseconds; answers how to cancel. */
  later(ms: number, callback: () => void): () => void;
}

/** Longest time that `setTimeout` takes, milliseconds. */
const LONGEST_TIMER = 0x7fffffff;

export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  steady: () => performance.now(),
  later(ms, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, ms), LONGEST_TIMER));
    return () => clearTimeout(timer);
  },
};
