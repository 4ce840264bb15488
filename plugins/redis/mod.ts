import type { JobStore, StorePlugin } from "../../src/plugin_api/mod.ts";
import { REDIS_OPTIONS } from "./options.ts";
import { redisSettings } from "./settings.ts";
import { REDIS_URL } from "./url.ts";

/**
 * Queue type `redis`: Redis 6 or newer, or Valkey. What its promise is worth is for the server's own
 * settings to say: they are looked at, and told. Takes over the keys of C gearmand's redis queue.
 */
export const redisPlugin: StorePlugin = {
  name: "redis",
  aliases: [],
  options: REDIS_OPTIONS,
  url: REDIS_URL,
  async open(options, host): Promise<JobStore> {
    const settings = redisSettings(options, host.namespace);
    const { RedisStore } = await import("./redis_store.ts");
    return await RedisStore.open(settings, host, options.forExport !== true);
  },
};
