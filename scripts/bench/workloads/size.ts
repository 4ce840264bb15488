/** `quick` is for tuning: the same workloads with less of everything. */
export type Mode = "quick" | "full";

/** An amount in each mode. */
export type Sizes = Readonly<Record<Mode, number>>;

/** Bytes of every job's workload and result. */
export const WORKLOAD_BYTES = 64;

/** `100 k`, `1 M`. */
export function short(count: number): string {
  if (count >= 1_000_000) return `${count / 1_000_000} M`;
  return count >= 1000 ? `${count / 1000} k` : `${count}`;
}
