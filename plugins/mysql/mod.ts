import type { JobStore, StorePlugin } from "../../src/plugin_api/mod.ts";
import { MYSQL_OPTIONS, mysqlSettings } from "./settings.ts";
import { MYSQL_URL } from "./url.ts";

/**
 * Queue type `mysql`: a database of MySQL 8 or MariaDB 10.11 and later. A job is acknowledged once the
 * server has committed it; jobs that come close together share one transaction. Takes over the table
 * of C gearmand's MySQL.
 */
export const mysqlPlugin: StorePlugin = {
  name: "mysql",
  aliases: [],
  options: MYSQL_OPTIONS,
  url: MYSQL_URL,
  async open(options, host): Promise<JobStore> {
    const settings = mysqlSettings(options, host.namespace);
    const { MySqlStore } = await import("./mysql_store.ts");
    return await MySqlStore.open(settings, host, options.forExport !== true);
  },
};
