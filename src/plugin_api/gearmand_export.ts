import { bytesOfName } from "./byte_names.ts";
import type { StoredJob } from "./stored_job.ts";

/** What `cogd export` asks of a store. */
export interface ExportPlan {
  /** Whether the jobs stay in the store, too. */
  readonly keep: boolean;
  /** Which gearmand shall read them: the newer one reads more of what Redis holds. */
  readonly reader: GearmandReader;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Told now and then how many jobs have been looked at. */
  readonly progress?: (jobs: number) => void;
}

export type GearmandReader = "gearmand-1" | "gearmand-2";

/** What became of the jobs. */
export interface ExportOutcome {
  /** Where they were written, e.g. `table "gearman_queue" of "/var/lib/cogd/queue.db"`. */
  readonly place: string;
  readonly written: number;
  /** Jobs that gearmand could not hold: they stay in the store. */
  readonly left: number;
  /** Why, for the first of them, a line each. */
  readonly reasons: readonly string[];
}

/** What one of C gearmand's queue modules cannot hold. */
export interface GearmandLayout {
  /** Longest function name, bytes. */
  readonly maxFunctionBytes: number;
  /** Whether names must be UTF-8. */
  readonly textNames: boolean;
  /** Whether it keeps the time before which a job must not run, and honours it after a restart. */
  readonly keepsTimes: boolean;
  /** Anything else that stands against a job; null when nothing does. */
  obstacle?(job: StoredJob): string | null;
}

/** GEARMAN_MAX_UNIQUE_SIZE is 64, of which the last byte is a NUL: longer unique IDs lose their end. */
const MAX_UNIQUE_BYTES = 63;
/** Columns and variables of gearmand have 32 bits for it. */
const LAST_TIME = 2 ** 31 - 1;
/** How many jobs that stay are described; the others are only counted. */
const DESCRIBED_JOBS = 1000;
/** How many jobs are looked at between two words about progress. */
const PROGRESS_JOBS = 500;

/**
 * Writes a queue back for C gearmand: says of each job whether gearmand can hold it and keeps count. The store
 * writes the rows, and removes the jobs written, in one transaction where it has them.
 */
export class GearmandExport {
  readonly #layout: GearmandLayout;
  readonly #plan: ExportPlan;
  readonly #reasons: string[] = [];
  #seen = 0;
  #written = 0;
  #left = 0;

  constructor(layout: GearmandLayout, plan: ExportPlan) {
    this.#layout = layout;
    this.#plan = plan;
  }

  /** Whether gearmand can hold the job; if not, it is counted as left. Finished jobs are never asked for. */
  accepts(job: StoredJob): boolean {
    if (++this.#seen % PROGRESS_JOBS === 0) this.#plan.progress?.(this.#seen);
    if (job.state !== "queued") return false;
    const obstacle = this.#obstacle(job);
    if (obstacle !== null) this.leave(job, obstacle);
    return obstacle === null;
  }

  /** The job is written. */
  wrote(): void {
    this.#written++;
  }

  /** gearmand has a row of this function and unique ID already: it knows jobs by nothing else. */
  collided(job: StoredJob): void {
    this.leave(job, "gearmand's queue has another job with this function and unique ID");
  }

  leave(job: StoredJob, reason: string): void {
    this.#left++;
    if (this.#reasons.length >= DESCRIBED_JOBS) return;
    const { handle, functionName, unique } = job;
    this.#reasons.push(
      `job ${handle} (function ${show(functionName)}, unique ${show(unique)}): ${reason}`,
    );
  }

  outcome(place: string): ExportOutcome {
    return { place, written: this.#written, left: this.#left, reasons: this.#reasons };
  }

  #obstacle(job: StoredJob): string | null {
    const { functionName, unique, notBefore, reducer } = job;
    const { maxFunctionBytes, textNames, keepsTimes } = this.#layout;
    if (reducer !== "") return "it has a reducer, which gearmand does not keep";
    if (unique.length > MAX_UNIQUE_BYTES) {
      return `its unique ID has ${unique.length} bytes, gearmand keeps ${MAX_UNIQUE_BYTES}`;
    }
    if (functionName.length > maxFunctionBytes) {
      return `its function has ${functionName.length} bytes, gearmand keeps ${maxFunctionBytes}`;
    }
    if (textNames && !(isText(functionName) && isText(unique))) {
      return "its function or unique ID is not UTF-8";
    }
    if (notBefore > LAST_TIME) return "it waits for a time after 2038, gearmand has 32 bits for it";
    if (!keepsTimes && notBefore * 1000 > this.#plan.now) {
      return "it waits for a time, and gearmand would run it at once";
    }
    return this.#layout.obstacle?.(job) ?? null;
  }
}

/**
 * Writes all at once, or, where that is refused, half by half down to the single one that is in the way, in
 * their order. `write` answers whether it dealt with the part; with a part of one it always does.
 */
export async function inHalves<T>(
  all: readonly T[],
  write: (part: readonly T[]) => Promise<boolean>,
): Promise<void> {
  if (all.length === 0 || await write(all) || all.length === 1) return;
  const half = Math.ceil(all.length / 2);
  await inHalves(all.slice(0, half), write);
  await inHalves(all.slice(half), write);
}

function isText(name: string): boolean {
  try {
    decoder.decode(bytesOfName(name));
    return true;
  } catch {
    return false;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** A name in quotes, with control characters escaped, cut where it is long. */
function show(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
