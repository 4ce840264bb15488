import type { JobStore, StorePlugin } from "../../src/plugin_api/mod.ts";
import { SQLITE_OPTIONS, sqliteSettings } from "./settings.ts";
import { SQLITE_URL } from "./url.ts";

/**
 * Queue type `sqlite`: one file, nothing to install. A job is acknowledged once it is on the disk;
 * jobs that come close together share one write. Takes over the file of C gearmand's libsqlite3.
 */
export const sqlitePlugin: StorePlugin = {
  name: "sqlite",
  aliases: ["libsqlite3"],
  options: SQLITE_OPTIONS,
  url: SQLITE_URL,
  async open(options, host): Promise<JobStore> {
    const settings = sqliteSettings(options);
    const { SqliteStore } = await import("./sqlite_store.ts");
    return await SqliteStore.open(settings, host);
  },
};
