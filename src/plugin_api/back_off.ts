const FIRST_MS = 50;
/** Short enough that whoever waits tries within 2 s of a server's return. */
const LONGEST_MS = 2000;

/**
 * How long to wait after so many failures in a row (from 1 on), milliseconds: doubling from 50 ms to
 * 2 s. Of that, a random half to the whole, so that many servers do not return all at once.
 * The only such rule: whatever waits for a store takes its pauses from here.
 */
export function backOffMs(failures: number, random: () => number = Math.random): number {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(Math.max(failures, 1) - 1, 10));
  return longest * (0.5 + 0.5 * random());
}
