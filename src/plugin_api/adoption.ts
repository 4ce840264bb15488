import { nameOfBytes } from "./byte_names.ts";
import type { HighWater } from "./high_water.ts";
import type { StoredJob, StoredPriority } from "./stored_job.ts";
import type { LogLevel, StoreHost } from "./store_plugin.ts";

/** One cell of a table or hash that C gearmand wrote, as the driver hands it over. */
export type ForeignCell = Uint8Array | string | number | bigint | null | undefined;

/**
 * One job as C gearmand's queue modules keep it. A cell may have any type: C wrote NULL for an empty
 * workload, old tables have no `when_to_run`, and tables made by hand have what they have.
 */
export interface ForeignRow {
  readonly uniqueKey: ForeignCell;
  readonly functionName: ForeignCell;
  readonly priority: ForeignCell;
  readonly data: ForeignCell;
  readonly whenToRun: ForeignCell;
}

/** A row that makes no job, and why. It stays where it is. */
export interface UnreadableRow {
  readonly unreadable: string;
}

/** Unique IDs are at most 64 bytes on the wire (GEARMAN_MAX_UNIQUE_SIZE). */
const MAX_UNIQUE_BYTES = 64;
/** How many unreadable rows a report describes; the others are only counted. */
const REPORTED_ROWS = 10;

/**
 * Takes over a queue that C gearmand wrote: gives each row a key and a handle of this server and
 * keeps count. The store writes the jobs, `marks` and the removal of the rows in one transaction
 * where it has them, and logs `report` after that.
 */
export class Adoption {
  readonly #host: StoreHost;
  readonly #maxWorkloadBytes: number;
  readonly #acceptedAt: number;
  readonly #reasons: string[] = [];
  #marks: HighWater;
  #adopted = 0;
  #unreadable = 0;

  /** `marks` as the store holds them now; `maxWorkloadBytes` as in the store's traits. */
  constructor(marks: HighWater, host: StoreHost, maxWorkloadBytes: number) {
    this.#marks = marks;
    this.#host = host;
    this.#maxWorkloadBytes = maxWorkloadBytes;
    this.#acceptedAt = host.now();
  }

  /** What the high-water marks are after the rows adopted so far. */
  get marks(): HighWater {
    return this.#marks;
  }

  get adopted(): number {
    return this.#adopted;
  }

  /** The row as a job with a new key and a new handle, or why it is none (then nothing is used up). */
  adopt(row: ForeignRow): StoredJob | UnreadableRow {
    const job = this.#read(row);
    if ("unreadable" in job) {
      this.#unreadable++;
      if (this.#reasons.length < REPORTED_ROWS) this.#reasons.push(job.unreadable);
      return job;
    }
    this.#adopted++;
    this.#marks = {
      nextKey: this.#marks.nextKey + 1,
      nextHandle: this.#marks.nextHandle + 1,
    };
    return job;
  }

  /** Writes to the log what became of the queue at `place`, e.g. `table "gearman_queue" of FILE`. */
  report(place: string): void {
    const log = (level: LogLevel, text: string) => this.#host.log(level, text);
    if (this.#adopted > 0) {
      log("NOTICE", `Adopted ${jobs(this.#adopted)} of C gearmand from ${place}`);
    }
    if (this.#unreadable === 0) return;
    log("WARNING", `Left ${rows(this.#unreadable)} in ${place}: no job can be made of them`);
    for (const reason of this.#reasons) log("WARNING", `Left in ${place}: ${reason}`);
    const silent = this.#unreadable - this.#reasons.length;
    if (silent > 0) log("WARNING", `Left in ${place}: ${rows(silent)} more`);
  }

  #read(row: ForeignRow): StoredJob | UnreadableRow {
    const functionName = nameOf(row.functionName);
    const unique = nameOf(row.uniqueKey);
    const shown = `function ${show(functionName)}, unique ${show(unique)}`;
    if (functionName.includes("\0")) return unreadable(shown, "its function holds a NUL byte");
    if (unique.includes("\0")) return unreadable(shown, "its unique ID holds a NUL byte");
    if (unique.length > MAX_UNIQUE_BYTES) {
      return unreadable(shown, `its unique ID has ${unique.length} bytes, more than 64`);
    }
    const notBefore = epochOf(row.whenToRun);
    if (notBefore === null) {
      return unreadable(shown, `when_to_run is ${show(nameOf(row.whenToRun))}, not a time`);
    }
    const workload = bytesOfCell(row.data);
    if (workload.length > this.#maxWorkloadBytes) {
      return unreadable(
        shown,
        `its workload has ${workload.length} bytes, too many for this store`,
      );
    }
    return {
      key: this.#marks.nextKey,
      handle: `${this.#host.handlePrefix}${this.#marks.nextHandle}`,
      functionName,
      unique,
      workload,
      priority: priorityOf(row.priority),
      notBefore,
      reducer: "",
      acceptedAt: this.#acceptedAt,
      attempts: 0,
      namespace: this.#host.namespace,
      state: "queued",
      outcome: null,
    };
  }
}

const encoder = new TextEncoder();

function bytesOfCell(cell: ForeignCell): Uint8Array {
  if (cell === null || cell === undefined) return new Uint8Array(0);
  return cell instanceof Uint8Array ? cell : encoder.encode(String(cell));
}

function nameOf(cell: ForeignCell): string {
  return nameOfBytes(bytesOfCell(cell));
}

/** A cell as a number; null when it holds none. SQLite and Redis may hold numbers as text. */
function numberOf(cell: ForeignCell): number | null {
  if (typeof cell === "number" || typeof cell === "bigint") return Number(cell);
  const text = nameOf(cell).trim();
  return /^[+-]?[0-9]+(\.[0-9]*)?$/.test(text) ? Number(text) : null;
}

/** NULL is 0 = high, as C's MySQL module reads it; anything unknown is normal. */
function priorityOf(cell: ForeignCell): StoredPriority {
  if (cell === null || cell === undefined) return 0;
  const priority = numberOf(cell);
  return priority === 0 || priority === 2 ? priority : 1;
}

/** Epoch seconds, 0 for NULL and for anything before 1970; null when it is no time. */
function epochOf(cell: ForeignCell): number | null {
  if (cell === null || cell === undefined) return 0;
  const seconds = numberOf(cell);
  if (seconds === null || Number.isNaN(seconds) || seconds > Number.MAX_SAFE_INTEGER) return null;
  return Math.max(0, Math.trunc(seconds));
}

function unreadable(row: string, reason: string): UnreadableRow {
  return { unreadable: `a row (${row}): ${reason}` };
}

/** A name in quotes, with control characters escaped, cut where it is long. */
function show(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}

function jobs(count: number): string {
  return count === 1 ? "1 job" : `${count} jobs`;
}

function rows(count: number): string {
  return count === 1 ? "1 row" : `${count} rows`;
}
