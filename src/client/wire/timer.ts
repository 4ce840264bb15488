/** The longest time that the runtimes' timers can run, 24 days; longer ones would be over at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Calls `act` after a time, milliseconds. A time that no timer can run, infinity too, never ends: no timer. */
export function startTimer(act: () => void, ms: number): ReturnType<typeof setTimeout> | undefined {
  return ms <= LONGEST_TIMER_MS ? setTimeout(act, ms) : undefined;
}
