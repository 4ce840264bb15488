import { existsSync } from "node:fs";
import {
  type ExportOutcome,
  type ExportPlan,
  type HighWater,
  highWaterFrom,
  NEXT_HANDLE_RECORD,
  NEXT_KEY_RECORD,
  StoreError,
  type StoreFigures,
  type StoreHost,
} from "../../src/plugin_api/mod.ts";
import { exportJobs } from "./gearmand_export.ts";
import { GearmandTable } from "./gearmand_table.ts";
import { MAX_WORKLOAD_BYTES } from "./limits.ts";
import { closeFile, type OpenFile, openFile } from "./open_file.ts";
import { writeOwnerNote } from "./owner_note.ts";
import type { ReplayPosition } from "./replay_position.ts";
import type { ReplayReader } from "./replay_reader.ts";
import type { SqliteSettings } from "./settings.ts";
import { type Action, leavesDoubt, storeErrorOf } from "./faults.ts";
import { Unpacker } from "./unpacker.ts";

/** After so much was written the log is copied into the database (SQLite's own default: 4 MB). */
const CHECKPOINT_BYTES = 4 * 1024 * 1024;
/** What a commit writes at least, whatever its size: two pages. */
const LEAST_COMMIT_BYTES = 8192;

/**
 * The queue in one database file. Synchronous: it runs in a thread of its own.
 *
 * After an error that leaves it in doubt what the file holds (a failed write or fsync, damage), the
 * file is closed, and the next commit begins by opening it again: SQLite then keeps the commits that
 * are whole, and they are made durable before anything else is acknowledged.
 */
export class QueueFile {
  readonly #path: string;
  readonly #gearmandTable: string;
  readonly #host: StoreHost;
  readonly #inode: number;
  readonly #replay: ReplayPosition;
  #file: OpenFile | null;
  #unsaved = 0;
  #syncMs = 0;
  #reopenings = 0;

  private constructor(settings: SqliteSettings, host: StoreHost, file: OpenFile) {
    this.#path = settings.path;
    this.#gearmandTable = settings.gearmandTable;
    this.#host = host;
    this.#file = file;
    this.#inode = file.connection.inode;
    this.#replay = file.reader.start();
  }

  /** Opens or creates the file and adopts C gearmand's rows. Throws `StoreError`. */
  static open(settings: SqliteSettings, host: StoreHost): QueueFile {
    const { path, forExport } = settings;
    if (forExport && !existsSync(path)) {
      throw new StoreError("CANNOT_OPEN", `Cannot export "${path}": there is no such file`);
    }
    const file = openFile(path);
    try {
      writeOwnerNote(path);
      if (!forExport) adoptTable(file, settings, host);
      return new QueueFile(settings, host, file);
    } catch (error) {
      closeFile(file, path);
      throw storeErrorOf(error, "open", path);
    }
  }

  get figures(): Required<StoreFigures> {
    return { reconnects: this.#reopenings, syncMs: this.#syncMs };
  }

  /** Writes a buffer that `packBatch` made; it is on the disk when this returns. Throws `StoreError`. */
  commit(batch: ArrayBuffer): void {
    this.#attempt("write to", ({ connection, writer }) => {
      connection.requireOwnFile();
      connection.transaction(() => writer.write(new Unpacker(batch), this.#replay));
      this.#syncMs = connection.syncMs;
      this.#unsaved += LEAST_COMMIT_BYTES + batch.byteLength;
    });
  }

  /** The next page of the replay, null at its end. Throws `StoreError`. */
  nextPage(): ArrayBuffer | null {
    return this.#attempt("read", ({ reader }) => reader.page(this.#replay));
  }

  /** Moves the jobs into C gearmand's table, in one transaction. Throws `StoreError`. */
  exportToGearmand(plan: ExportPlan): ExportOutcome {
    return this.#attempt("write to", (file) => {
      file.connection.requireOwnFile();
      return exportJobs(file, { path: this.#path, table: this.#gearmandTable, plan });
    });
  }

  /** Between two commits: keeps the log short. What fails here fails the next commit, if it lasts. */
  tidy(): void {
    if (this.#unsaved < CHECKPOINT_BYTES) return;
    this.#unsaved = 0;
    try {
      this.#file?.connection.checkpoint();
    } catch (error) {
      this.#abandon(error, "write to");
    }
  }

  close(): void {
    if (this.#file !== null) closeFile(this.#file, this.#path);
    this.#file = null;
  }

  #attempt<T>(action: Action, work: (file: OpenFile) => T): T {
    try {
      return work(this.#file ?? this.#reopen());
    } catch (error) {
      throw this.#abandon(error, action);
    }
  }

  #reopen(): OpenFile {
    this.#file = openFile(this.#path, this.#inode);
    this.#reopenings++;
    writeOwnerNote(this.#path);
    this.#host.log("NOTICE", `Opened "${this.#path}" again; what was acknowledged is in it`);
    return this.#file;
  }

  /** Closes the file if the error leaves doubt about it; answers the error for the server. */
  #abandon(error: unknown, action: Action): Error {
    const fault = storeErrorOf(error, action, this.#path);
    if (fault.code === "FULL") this.#unsaved = CHECKPOINT_BYTES;
    if (this.#file !== null && leavesDoubt(error)) {
      this.#host.log("ERROR", `${fault.message}; closed the file, the next commit opens it again`);
      this.close();
    }
    return fault;
  }
}

function adoptTable(file: OpenFile, settings: SqliteSettings, host: StoreHost): void {
  const { connection, writer, reader } = file;
  const table = GearmandTable.find(connection.db, settings.gearmandTable, host);
  if (table === null) return;
  let report = () => {};
  connection.transaction(() => {
    const adoption = table.adopt(writer, marksOf(reader), host, MAX_WORKLOAD_BYTES);
    report = () => adoption.report(`table "${settings.gearmandTable}" of "${settings.path}"`);
  });
  report();
}

/** The high-water marks; never at or below a key that a job has. */
function marksOf(reader: ReplayReader): HighWater {
  const marks = highWaterFrom([
    ...reader.record(NEXT_KEY_RECORD),
    ...reader.record(NEXT_HANDLE_RECORD),
  ]);
  return { ...marks, nextKey: Math.max(marks.nextKey, reader.start().end + 1) };
}
