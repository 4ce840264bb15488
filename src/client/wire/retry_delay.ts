const FIRST_MS = 100;
const LONGEST_MS = 5000;

/**
 * Pause before the next attempt to connect, milliseconds: doubled with each failure up to 5 s, and
 * between half and all of that, so that many peers do not come back at the same moment.
 */
export function retryDelayMs(failures: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 10));
  return full / 2 + Math.random() * (full / 2);
}
