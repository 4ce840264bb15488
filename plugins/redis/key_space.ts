import type { Buffer } from "node:buffer";
import { bytesOfName } from "../../src/plugin_api/mod.ts";

/**
 * Names of the keys of one queue. All begin with `cogd:PREFIX:NAMESPACE:`, so that queues with other
 * prefixes or namespaces, C gearmand's own keys (`PREFIX-…`) and whatever else the database holds are kept
 * apart.
 *
 *     …queue       hash: version, jobs (their number), commits (counted), and the lease: id, holder,
 *                  term, until
 *     …buckets     sorted set, all scores 0: the buckets that hold jobs
 *     …jobs:B      hash: the jobs whose keys begin with B, by their last two digits
 *     …lives:B     hash, likewise: what has changed in these jobs since they were added
 *     …names       sorted set, all scores 0: the names of the records
 *     …records     hash: the records by name
 *
 * Keys of jobs are written with 16 digits, so that the order of texts is that of the numbers. A bucket
 * has 100 of them: small hashes, none of which is ever long to grow, list or free.
 */
export class KeySpace {
  /** What all keys begin with. ASCII. */
  readonly base: string;
  /** Prefix of C gearmand's keys, without the hyphen behind it. Byte string. */
  readonly gearmandPrefix: string;

  /** `prefix` as `--redis-prefix` has it; both byte strings. */
  constructor(prefix: string, namespace: string) {
    this.gearmandPrefix = prefix;
    this.base = `cogd:${escaped(prefix)}:${escaped(namespace)}:`;
  }

  get queue(): string {
    return `${this.base}queue`;
  }

  get buckets(): string {
    return `${this.base}buckets`;
  }

  get names(): string {
    return `${this.base}names`;
  }

  get records(): string {
    return `${this.base}records`;
  }

  /** The hash and the field in it that hold the job of this key, which is given in digits. */
  jobField(key: string): [hash: string, field: string] {
    return [`${this.base}jobs:${key.slice(0, -SLOT_DIGITS)}`, key.slice(-SLOT_DIGITS)];
  }

  /** What C gearmand's keys begin with, as bytes. */
  get gearmandStart(): Buffer {
    return bytesOfName(`${this.gearmandPrefix}-`);
  }

  /** The same as a pattern for SCAN, in which nothing but the last star stands for anything else. */
  get gearmandPattern(): Buffer {
    return bytesOfName(`${this.gearmandPrefix.replace(/[*?[\]\\^-]/g, "\\$&")}-*`);
  }
}

/** Digits of a job's key: enough for `Number.MAX_SAFE_INTEGER`. */
export const KEY_DIGITS = 16;
/** The last digits of a key, which number the jobs of a bucket. */
export const SLOT_DIGITS = 2;

/** A job's key, in digits. */
export function keyDigits(key: number): string {
  return String(key).padStart(KEY_DIGITS, "0");
}

/** Readable where it can be; no two names look alike, and none holds a colon. */
function escaped(name: string): string {
  return name.replace(
    /[^A-Za-z0-9_.-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}
