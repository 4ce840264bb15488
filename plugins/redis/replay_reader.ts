import type { Buffer } from "node:buffer";
import {
  type NamedRecord,
  REPLAY_PAGE_LIMITS,
  type ReplayPage,
  type SteadySession,
  STORE_OPERATIONS,
  type StoredJob,
  StoreError,
} from "../../src/plugin_api/mod.ts";
import { readJob, readRecord } from "./job_format.ts";
import { keyDigits, type KeySpace } from "./key_space.ts";
import type { RedisArgument, RedisConnection } from "./connection.ts";
import { JOBS_PAGE_SCRIPT, RECORDS_PAGE_SCRIPT } from "./replay_scripts.ts";
import { replyBytes, replyList, replyText, type Script } from "./script.ts";

/** Half a gigabyte over a slow network. */
const LARGE_MS = 60_000;

/** Reads what a queue holds, page by page, each page one atomic step of Redis. */
export class ReplayReader {
  readonly #session: SteadySession<RedisConnection>;
  readonly #keys: KeySpace;
  readonly #place: string;
  /** Highest key that there was when the store was opened, in digits; empty for none. */
  readonly #end: string;

  constructor(
    session: SteadySession<RedisConnection>,
    keys: KeySpace,
    place: string,
    end: string,
  ) {
    this.#session = session;
    this.#keys = keys;
    this.#place = place;
    this.#end = end;
  }

  /** All pages, the next one being read while one is taken in. */
  async *pages(): AsyncGenerator<ReplayPage> {
    yield* ahead((after) => this.#records(after), "");
    if (this.#end !== "") yield* ahead((after) => this.#jobs(after), keyDigits(0));
  }

  async #records(after: string): Promise<Step> {
    const { next, items } = await this.#page(RECORDS_PAGE_SCRIPT, [
      this.#keys.records,
      this.#keys.names,
    ], [after, String(REPLAY_PAGE_LIMITS.jobs), String(REPLAY_PAGE_LIMITS.bytes)]);
    const records: NamedRecord[] = [];
    for (let i = 0; i < items.length; i += 2) {
      const name = replyText(items[i]);
      const value = readRecord(replyBytes(items[i + 1]));
      if (value === null) throw this.#damaged(`record "${name}"`, this.#keys.records, name);
      records.push({ name, value });
    }
    return { next, page: { records, jobs: [] } };
  }

  async #jobs(after: string): Promise<Step> {
    const { next, items } = await this.#page(JOBS_PAGE_SCRIPT, [this.#keys.buckets], [
      this.#keys.base,
      after,
      this.#end,
      String(REPLAY_PAGE_LIMITS.jobs),
      String(REPLAY_PAGE_LIMITS.bytes),
    ]);
    const jobs: StoredJob[] = [];
    for (let i = 0; i < items.length; i += 3) {
      const key = replyText(items[i]);
      const life = replyBytes(items[i + 2]);
      const [hash, field] = this.#keys.jobField(key);
      const value = replyBytes(items[i + 1]);
      const bytes = value.length > 0 ? value : await this.#large(hash, field);
      // Removed meanwhile.
      if (bytes === null) continue;
      const job = readJob(Number(key), bytes, life.length > 0 ? life : null);
      if (job === null) throw this.#damaged(`job ${Number(key)}`, hash, field);
      jobs.push(job);
    }
    return { next, page: { records: [], jobs } };
  }

  async #large(hash: string, field: string): Promise<Buffer | null> {
    const value = await this.#session.run(
      { ...STORE_OPERATIONS.read, deadlineMs: LARGE_MS },
      (connection) => connection.send(["HGET", hash, field]),
    );
    return value === null ? null : replyBytes(value);
  }

  async #page(
    script: Script,
    keys: readonly string[],
    args: readonly RedisArgument[],
  ): Promise<{ next: string; items: readonly RedisReplyItem[] }> {
    const reply = await this.#session.run(
      STORE_OPERATIONS.read,
      (connection) => script.run(connection, keys, args),
    );
    const [next, ...items] = replyList(reply);
    return { next: replyText(next), items };
  }

  #damaged(what: string, hash: string, field: string): StoreError {
    return new StoreError(
      "DAMAGED",
      `Cannot read ${what} in ${this.#place}: its checksum does not match; restore a backup, or give it ` +
        `up with HDEL ${hash} "${field}"`,
    );
  }
}

type RedisReplyItem = ReturnType<typeof replyList>[number];

interface Step {
  /** Where the next page begins; empty at the end. */
  readonly next: string;
  readonly page: ReplayPage;
}

async function* ahead(
  read: (after: string) => Promise<Step>,
  first: string,
): AsyncGenerator<ReplayPage> {
  let coming: Promise<Step> | null = read(first);
  while (coming !== null) {
    const { next, page }: Step = await coming;
    coming = next === "" ? null : read(next);
    // Whoever reads on learns of a failure; whoever does not need not know.
    coming?.catch(() => {});
    if (page.records.length > 0 || page.jobs.length > 0) yield page;
  }
}
