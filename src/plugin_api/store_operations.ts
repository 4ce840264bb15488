import type { Operation } from "./session_driver.ts";
import type { StoreBatch } from "./store_plugin.ts";

/** What stores do with a database server besides commits: the same patience for each of them. */
export const STORE_OPERATIONS = {
  prepare: { action: "prepare", deadlineMs: 60_000, writes: true },
  takeLease: {
    action: "take the lease of",
    deadlineMs: 10_000,
    writes: true,
    patienceMs: 15_000,
  },
  /** A replay is not given up when the server is away for a moment. */
  read: { action: "read", deadlineMs: 30_000, writes: false, patienceMs: 120_000 },
  /** Large queues take a while to be moved; nobody waits for it but the start. */
  adopt: { action: "adopt the queue in", deadlineMs: 30 * 60_000, writes: true },
  export: { action: "export the queue in", deadlineMs: 30 * 60_000, writes: true },
  /** Without an answer the lease runs out by itself. */
  release: { action: "release", deadlineMs: 2000, writes: true },
} as const satisfies Readonly<Record<string, Operation>>;

/** A commit of ordinary size takes milliseconds; a disk under load may take seconds. */
const COMMIT_MS = 10_000;
/** What each further MiB may take. */
const COMMIT_MS_PER_MIB = 1000;
const MIB = 2 ** 20;

/** A commit of so many bytes. */
export function commitOperation(bytes: number): Operation {
  const deadlineMs = COMMIT_MS + COMMIT_MS_PER_MIB * Math.ceil(bytes / MIB);
  return { action: "write to", deadlineMs, writes: true };
}

/** Bytes of all that may be large in a batch: workloads, results, values of records. */
export function batchBytes({ add, update, put }: StoreBatch): number {
  let bytes = 0;
  for (const { workload, outcome } of add) {
    bytes += workload.length + (outcome?.result.length ?? 0);
  }
  for (const { outcome } of update) bytes += outcome?.result.length ?? 0;
  for (const { value } of put) bytes += value?.length ?? 0;
  return bytes;
}
