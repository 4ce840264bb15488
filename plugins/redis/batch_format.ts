import { Buffer } from "node:buffer";
import type { NamedRecord, StoreBatch, StoredJob } from "../../src/plugin_api/mod.ts";
import {
  isFresh,
  jobBytes,
  type Life,
  lifeBytes,
  recordBytes,
  writeJob,
  writeLife,
  writeRecord,
} from "./job_format.ts";
import { KEY_DIGITS, keyDigits } from "./key_space.ts";

/**
 * What the commit script is given: entries, one after the other, in arguments of about this size. Few
 * large arguments cost client and server much less than a few per job. The first one is small, as most
 * commits are.
 */
const FIRST_ARGUMENT_BYTES = 16 * 1024;
const ARGUMENT_BYTES = 1024 * 1024;
/** A job of this size is an argument of its own: a script would have to copy it out of a larger one. */
const LARGE_JOB_BYTES = 256 * 1024;
/** Kind, key and two lengths; then as many bytes, twice. */
const ENTRY_HEAD_BYTES = 1 + KEY_DIGITS + 4 + 4;
const NO_KEY = "0".repeat(KEY_DIGITS);

/** Entries as the script in `commit_script.ts` reads them, by their letters. */
export const ENTRY = {
  add: "a",
  /** Like `add`, but the job is the next argument. The last entry of its argument. */
  addLarge: "A",
  update: "u",
  remove: "r",
  put: "p",
  drop: "d",
  /** Removes a key of C gearmand's; if it is not there, the entry behind it is passed over. */
  adopt: "x",
} as const;

/** Packs entries. What is given to it is copied. */
export class EntryWriter {
  readonly #full: Buffer[] = [];
  #current = Buffer.alloc(0);
  #at = 0;

  add(job: StoredJob): void {
    const length = jobBytes(job);
    const lifeLength = isFresh(job) ? 0 : lifeBytes(job);
    const large = length >= LARGE_JOB_BYTES;
    const kind = large ? ENTRY.addLarge : ENTRY.add;
    const inside = large ? 0 : length;
    const at = this.#entry(kind, keyDigits(job.key), inside, lifeLength);
    if (lifeLength > 0) writeLife(this.#current, at + inside, job);
    if (!large) return writeJob(this.#current, at, job);
    this.#turnOver();
    const alone = Buffer.allocUnsafe(length);
    writeJob(alone, 0, job);
    this.#full.push(alone);
  }

  update(key: number, life: Life): void {
    const at = this.#entry(ENTRY.update, keyDigits(key), 0, lifeBytes(life));
    writeLife(this.#current, at, life);
  }

  remove(key: number): void {
    this.#entry(ENTRY.remove, keyDigits(key), 0, 0);
  }

  put({ name, value }: NamedRecord): void {
    const kind = value === null ? ENTRY.drop : ENTRY.put;
    const at = this.#entry(kind, NO_KEY, name.length, value === null ? 0 : recordBytes(value));
    this.#current.write(name, at, "latin1");
    if (value !== null) writeRecord(this.#current, at + name.length, value);
  }

  /** `add` with this job follows. */
  adopt(foreignKey: Uint8Array): void {
    const at = this.#entry(ENTRY.adopt, NO_KEY, foreignKey.length, 0);
    this.#current.set(foreignKey, at);
  }

  /** The arguments. Nothing more may be written. */
  finish(): Buffer[] {
    this.#turnOver();
    return this.#full;
  }

  /** Writes an entry's head and answers where its bytes begin. */
  #entry(kind: string, key: string, first: number, second: number): number {
    const length = ENTRY_HEAD_BYTES + first + second;
    if (this.#at + length > this.#current.length) {
      this.#turnOver();
      const usual = this.#full.length === 0 ? FIRST_ARGUMENT_BYTES : ARGUMENT_BYTES;
      this.#current = Buffer.allocUnsafe(Math.max(length, usual));
    }
    const current = this.#current;
    let at = this.#at;
    at += current.write(kind, at, "latin1");
    at += current.write(key, at, "latin1");
    at = current.writeUInt32LE(first, at);
    at = current.writeUInt32LE(second, at);
    this.#at = at + first + second;
    return at;
  }

  #turnOver(): void {
    if (this.#at === 0) return;
    this.#full.push(this.#current.subarray(0, this.#at));
    this.#current = this.#current.subarray(this.#at);
    this.#at = 0;
  }
}

/** A batch as arguments. Jobs to be added come first, as the script asks. */
export function packBatch(batch: StoreBatch): Buffer[] {
  const writer = new EntryWriter();
  for (const job of batch.add) writer.add(job);
  for (const key of batch.remove) writer.remove(key);
  for (const update of batch.update) writer.update(update.key, update);
  for (const record of batch.put) writer.put(record);
  return writer.finish();
}
