/**
 * A complete store in one file, as an example: a journal to which every commit appends one line, synced
 * before it is acknowledged. It is read whole at the start and written anew without what is gone.
 *
 *     cogd --queue-plugin journal_store.ts --journal-file jobs.journal
 *
 * A line is `CRC-32 in 8 hexadecimal digits, a space, the batch as JSON, LF`. Nothing is imported but the
 * runtime's own modules (types vanish), so the file can lie anywhere.
 */

import { Buffer } from "node:buffer";
import { open, readFile, rename, unlink } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join, resolve } from "node:path";
import { crc32 } from "node:zlib";
import type {
  JobStore,
  ReplayPage,
  StoreBatch,
  StoredJob,
  StorePlugin,
  StoreTraits,
} from "../../../src/plugin_api/mod.ts";

export const plugin: StorePlugin = {
  name: "journal",
  aliases: [],
  options: [{
    name: "journal-file",
    kind: "text",
    valueName: "FILE",
    help: "The journal. Default: queue.journal in the data folder",
  }],
  url: {
    schemes: ["journal"],
    form: "journal:PATH",
    replaces: ["journal-file"],
    values: (url) => new Map([["journal-file", url.slice("journal:".length)]]),
  },
  open({ values, dataDir }) {
    return JournalStore.open(resolve(values.get("journal-file") ?? join(dataDir, "queue.journal")));
  },
};

/** The largest workload: a line must fit into a string. */
const MAX_WORKLOAD_BYTES = 16 * 1024 * 1024;
/** `REPLAY_PAGE_LIMITS` of the plugin interface. */
const PAGE = { jobs: 1000, bytes: 4 * 1024 * 1024 } as const;

type File = Awaited<ReturnType<typeof open>>;

class JournalStore implements JobStore {
  readonly traits: StoreTraits;
  readonly #file: File;
  readonly #guard: Server;
  readonly #held: Contents;
  /** What was there at the start: a replay yields nothing newer. */
  readonly #keys: readonly number[];
  /** Up to here the file is whole. */
  #length: number;
  /** A commit failed half-way: first the file is cut to its whole part. */
  #torn = false;
  #last: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | null = null;

  private constructor(path: string, file: File, guard: Server, held: Contents, length: number) {
    this.#file = file;
    this.#guard = guard;
    this.#held = held;
    this.#length = length;
    this.#keys = [...held.jobs.keys()].sort((a, b) => a - b);
    this.traits = {
      durability: "power-loss",
      maxWorkloadBytes: MAX_WORKLOAD_BYTES,
      description: `journal ${path}`.replace(/[^\x20-\x7e]/g, "?"),
    };
  }

  static async open(path: string): Promise<JournalStore> {
    const guard = await hold(path);
    try {
      const held = new Contents(await readFile(path).catch(emptyIfMissing), path);
      // Written beside it and renamed: a crash leaves the old journal or the new one.
      const fresh = await open(`${path}.new`, "w", 0o600);
      let length = 0;
      for (const batch of held.batches()) length += (await fresh.write(lineOf(batch))).bytesWritten;
      await fresh.sync();
      await rename(`${path}.new`, path);
      const folder = await open(join(path, ".."), "r");
      await folder.sync();
      await folder.close();
      return new JournalStore(path, fresh, guard, held, length);
    } catch (error) {
      guard.close();
      throw failure(error, "CANNOT_OPEN", `Cannot open "${path}"`);
    }
  }

  async commit(batch: StoreBatch): Promise<void> {
    this.#requireOpen();
    const tooLarge = batch.add.find(({ workload }) => workload.length > MAX_WORKLOAD_BYTES);
    if (tooLarge !== undefined) {
      throw refusal("TOO_LARGE", `Cannot store job ${tooLarge.handle}: its workload is too large`);
    }
    const work = this.#append(lineOf(batch)).then(() => this.#held.apply(batch));
    this.#last = work.catch(() => {});
    await work;
  }

  async #append(line: Buffer): Promise<void> {
    try {
      if (this.#torn) {
        await this.#file.truncate(this.#length);
        await this.#file.sync();
        this.#torn = false;
      }
      this.#torn = true;
      const { bytesWritten } = await this.#file.write(line, 0, line.length, this.#length);
      if (bytesWritten < line.length) throw refusal("FULL", "the disk is full; free some space");
      await this.#file.datasync();
      this.#torn = false;
      this.#length += line.length;
    } catch (error) {
      // What was written may be found at the next start, so nobody can say that it was not kept.
      throw failure(error, "UNKNOWN_OUTCOME", `Cannot write to ${this.traits.description}`);
    }
  }

  async *replay(): AsyncGenerator<ReplayPage> {
    this.#requireOpen();
    const records = [...this.#held.records].map(([name, value]) => ({ name, value }));
    yield { records, jobs: [] };
    let jobs: StoredJob[] = [];
    let bytes = 0;
    for (const key of this.#keys) {
      const job = this.#held.jobs.get(key);
      if (job === undefined) continue;
      const size = job.workload.length + (job.outcome?.result.length ?? 0);
      if (jobs.length === PAGE.jobs || (jobs.length > 0 && bytes + size > PAGE.bytes)) {
        yield { records: [], jobs };
        [jobs, bytes] = [[], 0];
        this.#requireOpen();
      }
      // It may have been removed while the page before was taken in.
      if (!this.#held.jobs.has(key)) continue;
      jobs.push(job);
      bytes += size;
    }
    if (jobs.length > 0) yield { records: [], jobs };
  }

  close(): Promise<void> {
    this.#closing ??= this.#last.then(() => this.#file.close()).then(() => {
      this.#guard.close();
    });
    return this.#closing;
  }

  #requireOpen(): void {
    if (this.#closing !== null) throw refusal("CLOSED", "Cannot use the journal: it is closed");
  }
}

/** What the lines of a journal amount to. Every step may be repeated and changes nothing then. */
class Contents {
  readonly jobs = new Map<number, StoredJob>();
  readonly records = new Map<string, Uint8Array>();

  /** A last line that is not whole was never acknowledged. Throws `DAMAGED` for any other. */
  constructor(bytes: Buffer, path: string) {
    for (let at = 0; at < bytes.length;) {
      const end = bytes.indexOf("\n", at);
      if (end < 0) return;
      const line = bytes.subarray(at + 9, end);
      const whole = bytes.toString("latin1", at, at + 8) === sumOf(line);
      if (!whole && end === bytes.length - 1) return;
      if (!whole) {
        throw refusal(
          "DAMAGED",
          `Cannot read "${path}": it is damaged at byte ${at}; restore a backup`,
        );
      }
      this.apply(JSON.parse(line.toString(), fromJson) as StoreBatch);
      at = end + 1;
    }
  }

  apply({ add, update, remove, put }: StoreBatch): void {
    for (const job of add) if (!this.jobs.has(job.key)) this.jobs.set(job.key, owned(job));
    for (const { key, ...life } of update) {
      const job = this.jobs.get(key);
      if (job !== undefined) this.jobs.set(key, owned({ ...job, ...life }));
    }
    for (const key of remove) this.jobs.delete(key);
    for (const { name, value } of put) {
      if (value === null) this.records.delete(name);
      else this.records.set(name, new Uint8Array(value));
    }
  }

  /** What there is as new batches, one for each job or record: lines stay short. */
  *batches(): Generator<StoreBatch> {
    const nothing = { add: [], update: [], remove: [], put: [] };
    for (const [name, value] of this.records) yield { ...nothing, put: [{ name, value }] };
    for (const job of this.jobs.values()) yield { ...nothing, add: [job] };
  }
}

/** The batch's arrays belong to the server again once the commit has settled. */
function owned(job: StoredJob): StoredJob {
  const { workload, outcome } = job;
  const result = outcome && { ...outcome, result: new Uint8Array(outcome.result) };
  return { ...job, workload: new Uint8Array(workload), outcome: result };
}

function lineOf(batch: StoreBatch): Buffer {
  const json = Buffer.from(JSON.stringify(batch, toJson));
  return Buffer.concat([Buffer.from(`${sumOf(json)} `), json, Buffer.from("\n")]);
}

function sumOf(bytes: Uint8Array): string {
  return crc32(bytes).toString(16).padStart(8, "0");
}

/** Bytes as `{ "bytes": BASE64 }`. Names need nothing: JSON escapes what it must. */
function toJson(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { bytes: Buffer.from(value).toString("base64") } : value;
}

function fromJson(_name: string, value: unknown): unknown {
  const bytes = (value as { bytes?: unknown } | null)?.bytes;
  return typeof bytes === "string" ? new Uint8Array(Buffer.from(bytes, "base64")) : value;
}

/**
 * One server per journal: whoever listens on the socket beside it owns it. A killed owner leaves a
 * socket on which nobody answers.
 */
async function hold(path: string): Promise<Server> {
  const place = `${path}.owner`;
  if (await answers(place)) {
    throw refusal("LOCKED", `Cannot open "${path}": another server holds it; stop that one`);
  }
  await unlink(place).catch(() => {});
  return await new Promise((done, failed) => {
    const server = createServer((socket) => socket.end());
    server.on("error", (error) => failed(failure(error, "CANNOT_OPEN", `Cannot open "${path}"`)));
    server.listen(place, () => done(server.unref()));
  });
}

/** Only a refused connection says that nobody is there. */
function answers(place: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(place, () => {
      done(true);
      socket.destroy();
    });
    socket.on("error", (error: { code?: string }) => {
      done(error.code !== "ECONNREFUSED" && error.code !== "ENOENT");
    });
  });
}

function emptyIfMissing(error: unknown): Buffer {
  if ((error as { code?: string }).code === "ENOENT") return Buffer.alloc(0);
  throw error;
}

const CODES: Readonly<Record<string, string>> = { ENOSPC: "FULL", EROFS: "READ_ONLY" };

/** An error with one of the codes that the server knows, from whatever was thrown. */
function failure(error: unknown, code: string, what: string): Error {
  const { code: known = "", message } = error as { code?: string; message: string };
  if (/^[A-Z_]+$/.test(known) && !known.startsWith("E")) return error as Error;
  return refusal(CODES[known] ?? code, `${what}: ${message}`);
}

/** The server takes any error with a `code` of its list for a refusal of the store. */
function refusal(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
