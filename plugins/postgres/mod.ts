import type { JobStore, StorePlugin } from "../../src/plugin_api/mod.ts";
import { POSTGRES_OPTIONS, postgresSettings } from "./settings.ts";
import { POSTGRES_URL } from "./url.ts";

/**
 * Queue type `postgres`: PostgreSQL 13 or newer. A job is acknowledged once its transaction is
 * committed there; jobs that come close together share one. Takes over the table of C gearmand's Postgres.
 */
export const postgresPlugin: StorePlugin = {
  name: "postgres",
  aliases: [],
  options: POSTGRES_OPTIONS,
  url: POSTGRES_URL,
  async open(options, host): Promise<JobStore> {
    const settings = postgresSettings(options, (text) => host.log("WARNING", text));
    const { PostgresStore } = await import("./postgres_store.ts");
    return await PostgresStore.open(settings, host, options.forExport !== true);
  },
};
