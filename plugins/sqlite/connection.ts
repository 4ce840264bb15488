import { closeSync, openSync, rmSync, type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { StoreError } from "../../src/plugin_api/mod.ts";
import { lastOwner } from "./owner_note.ts";
import { prepareSchema } from "./schema.ts";
import { storeErrorOf } from "./faults.ts";

/** How long an opening waits for a lock, so that a short look with `sqlite3` does not stop a start. */
const LOCK_PATIENCE_MS = 500;
/** SQLite checkpoints by itself at this many pages (16 MiB), should `checkpoint` not be called. */
const AUTOMATIC_CHECKPOINT_PAGES = 4000;
/** What a long write-ahead log is cut to once it is no longer needed. */
const LOG_BYTES_KEPT = 64 * 1024 * 1024;

/**
 * One open database file with the exclusive lock on it. The lock belongs to the process: the system
 * releases it however the process ends.
 */
export class Connection {
  readonly db: DatabaseSync;
  /** The file's number in its file system. */
  readonly inode: number;
  /** How long the last transaction took to be written to the log and to the disk, milliseconds. */
  syncMs = 0;
  readonly #path: string;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #checkpoint: StatementSync;

  private constructor(db: DatabaseSync, path: string) {
    this.db = db;
    this.#path = path;
    this.inode = statSync(path).ino;
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#rollback = db.prepare("ROLLBACK");
    this.#checkpoint = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  }

  /**
   * Opens the file, locks it, makes what its log holds durable, and creates the schema. With `inode`,
   * only the file with that number will do: one that was open before. Throws `StoreError`.
   */
  static open(path: string, inode: number | null = null): Connection {
    const found = fileAt(path);
    if (inode !== null && found?.ino !== inode) throw replaced(path);
    if (found === undefined) createFile(path);
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(path, { timeout: LOCK_PATIENCE_MS });
      settle(db);
      const connection = new Connection(db, path);
      connection.transaction(() => prepareSchema(connection.db, path));
      return connection;
    } catch (error) {
      closeQuietly(db);
      const refused = refusal(error, path);
      if (inode === null || refused.code !== "CANNOT_OPEN") throw refused;
      // It could be opened before, so this may pass.
      throw new StoreError("AWAY", refused.message, { cause: error });
    }
  }

  /** Runs `work` as one transaction; afterwards either all of it is on the disk or nothing is kept. */
  transaction(work: () => void): void {
    this.#begin.run();
    try {
      work();
      const began = performance.now();
      this.#commit.run();
      this.syncMs = performance.now() - began;
    } catch (error) {
      try {
        if (this.db.isTransaction) this.#rollback.run();
      } catch {
        // The first error counts; whoever sees it decides whether the connection is still of use.
      }
      throw error;
    }
  }

  /** Moves what the log holds into the database, so that the log can be used from its beginning. */
  checkpoint(): void {
    this.#checkpoint.get();
  }

  /** Throws `AWAY` when the path leads to another file by now, or to none. */
  requireOwnFile(): void {
    if (statOf(this.#path)?.ino !== this.inode) throw replaced(this.#path);
  }

  /** Closes the database. What fails here was reported by the commit that met it first. */
  close(): void {
    closeQuietly(this.db);
  }
}

/**
 * Write-ahead log, one fsync per commit, nobody else. The log may hold commits of a process that was
 * killed, or whose fsync failed: copying all of it into the database (with fsync) makes sure that
 * what is served from now on is on the disk, whatever the system did with those pages.
 */
function settle(db: DatabaseSync): void {
  db.prepare("PRAGMA locking_mode = EXCLUSIVE").get();
  const mode = db.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
  if (mode !== "wal") throw new Error(`the write-ahead log is not available (mode "${mode}")`);
  db.prepare("PRAGMA synchronous = FULL").get();
  db.prepare(`PRAGMA wal_autocheckpoint = ${AUTOMATIC_CHECKPOINT_PAGES}`).get();
  db.prepare(`PRAGMA journal_size_limit = ${LOG_BYTES_KEPT}`).get();
  const busy = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()?.["busy"];
  if (busy !== 0) throw new Error("its write-ahead log cannot be copied into the database");
}

function fileAt(path: string): Stats | undefined {
  const found = statOf(path);
  if (found?.isDirectory() !== true) return found;
  throw new StoreError("CANNOT_OPEN", `Cannot open "${path}": it is a folder; name a file in it`);
}

function replaced(path: string): StoreError {
  return new StoreError(
    "AWAY",
    `Cannot write to "${path}": somebody moved, deleted or replaced the file; put it back, or ` +
      `restart the server to begin with the file that is there now`,
  );
}

/** What lies at a path; nothing where it cannot even be looked at (the creation says why). */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Creates the file so that only its owner can read it: SQLite's log gets the same mode. */
function createFile(path: string): void {
  try {
    // Only ever for a file that does not exist: closing an existing one would drop the locks that
    // this process holds on it (POSIX).
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw creationError(error, path);
  }
}

function creationError(error: unknown, path: string): StoreError {
  const folder = dirname(path);
  switch (errnoOf(error)) {
    case "ENOENT":
    case "ENOTDIR":
      return new StoreError(
        "CANNOT_OPEN",
        `Cannot create "${path}": the folder "${folder}" does not exist; create it`,
        { cause: error },
      );
    case "EROFS":
      return new StoreError(
        "READ_ONLY",
        `Cannot create "${path}": the file system is read-only; mount it writable or name a file elsewhere`,
        { cause: error },
      );
    case "ENOSPC":
      return new StoreError("FULL", `Cannot create "${path}": the disk is full; free some space`, {
        cause: error,
      });
    default:
      return new StoreError(
        "CANNOT_OPEN",
        `Cannot create "${path}": ${
          (error as Error).message
        }; make the folder "${folder}" writable ` +
          `for the server's user`,
        { cause: error },
      );
  }
}

/** Why the database could not be opened, with what SQLite does not say itself. */
function refusal(error: unknown, path: string): StoreError {
  const refused = storeErrorOf(error, "open", path);
  if (refused.code === "LOCKED") {
    return new StoreError(
      "LOCKED",
      `Cannot open "${path}": another process holds it${
        lastOwner(path)
      }; end that process, or give ` +
        `this server another file`,
      { cause: error },
    );
  }
  // SQLite says only "unable to open" when it cannot create its log beside the database.
  if (refused.code === "CANNOT_OPEN" && !(error instanceof StoreError)) {
    const cause = folderFault(dirname(path));
    if (cause !== null) return creationError(cause, path);
  }
  return refused;
}

/** The error met when a file is created in the folder; null when that works. */
function folderFault(folder: string): unknown {
  const probe = join(folder, `.cogd-probe-${process.pid}`);
  try {
    closeSync(openSync(probe, "wx", 0o600));
    rmSync(probe);
    return null;
  } catch (error) {
    return error;
  }
}

function closeQuietly(db: DatabaseSync | undefined): void {
  try {
    db?.close();
  } catch {
    // Nothing more can be done with it; the lock goes with the process at the latest.
  }
}

function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
