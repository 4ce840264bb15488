import { sqlitePlugin } from "../../plugins/sqlite/mod.ts";
import type { JobStore } from "../../src/plugin_api/mod.ts";

/** The SQLite queue in a folder. */
export function openSqlite(dataDir: string): Promise<JobStore> {
  return sqlitePlugin.open({ values: new Map(), dataDir }, {
    log: () => {},
    now: () => Date.now(),
    namespace: "",
    handlePrefix: "H:t:",
  });
}
