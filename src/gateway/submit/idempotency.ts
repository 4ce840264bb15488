import { createHash } from "node:crypto";
import type { Idempotency } from "../../core/mod.ts";
import type { JobOptions } from "./job_options.ts";

/** What an `Idempotency-Key` belongs to. */
export interface KeyedRequest {
  /** Keys of one caller are nothing to another. */
  readonly caller: string;
  readonly key: string;
  /** Which job of a bulk request that has one key for all. */
  readonly part?: number;
  /** Where it was sent, e.g. `POST /jobs/{name}`. */
  readonly operation: string;
  readonly options: JobOptions;
  readonly workload: Uint8Array;
  /** When the key is forgotten, milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * The key, and what tells a repetition of its request from another request: the operation, the
 * options that decide which job is made, and the workload. How long a caller waits is no part of it.
 */
export function idempotencyOf(request: KeyedRequest): Idempotency {
  const { caller, key, part, operation, options, workload, expiresAt } = request;
  const fingerprint = digest([operation, options.functionName, ...options.spelling()], workload);
  return {
    keyHash: digest([caller, key, ...(part === undefined ? [] : [String(part)])]),
    fingerprint,
    expiresAt,
  };
}

/** Of texts whose borders count, and of bytes. */
function digest(texts: readonly string[], bytes?: Uint8Array): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text.length}:${text}`);
  if (bytes !== undefined) hash.update(bytes);
  return hash.digest("hex");
}
