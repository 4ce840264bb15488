import { createHash } from "node:crypto";
import { byteStringFrom } from "../protocol/mod.ts";

/** Workloads up to this size are their own key; a digest is shorter for larger ones. */
const LONGEST_PLAIN_KEY = 64;

/**
 * A key that equal workloads share, and no others: for submissions with unique ID `-` (protocol
 * section 6). Keys of digests are longer than any plain one, so that no workload can imitate them.
 */
export function workloadKey(workload: Uint8Array): string {
  if (workload.length <= LONGEST_PLAIN_KEY) return byteStringFrom(workload);
  return `sha256:${createHash("sha256").update(workload).digest("hex")}:${workload.length}`;
}
