import assert from "node:assert/strict";
import { sqlitePlugin } from "../../plugins/sqlite/mod.ts";
import {
  type JobStore,
  type LogLevel,
  StoreError,
  type StoreErrorCode,
} from "../../src/plugin_api/mod.ts";
import { replayed } from "../conformance/stores/mod.ts";

/** Opens the SQLite store in this file; other options by name. Lines for the log go to `log`. */
export function openFile(
  path: string,
  options: Readonly<Record<string, string>> = {},
  log: (level: LogLevel, line: string) => void = () => {},
): Promise<JobStore> {
  return sqlitePlugin.open({
    values: new Map([["libsqlite3-db", path], ...Object.entries(options)]),
    dataDir: "",
  }, {
    log,
    now: () => Date.now(),
    namespace: "",
    handlePrefix: "H:test:",
  });
}

/** Opens, replays and closes. */
export async function keysIn(path: string): Promise<number[]> {
  const store = await openFile(path);
  try {
    return (await replayed(store)).jobs.map(({ key }) => key);
  } finally {
    await store.close();
  }
}

/** The refusal of an opening: its code, and its message must match. */
export async function assertCannotOpen(
  path: string,
  code: StoreErrorCode,
  message: RegExp,
): Promise<void> {
  await assert.rejects(openFile(path), (error) => {
    assert(error instanceof StoreError, `expected a StoreError, got ${error}`);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    assert(error.message.includes(path), "the message names the file");
    return true;
  });
}
