import { type StoreUrl, valuesOfUrl } from "../../src/plugin_api/mod.ts";

/** What `--redis-url` takes, and `?prefix=` for `--redis-prefix`. */
export const REDIS_URL: StoreUrl = {
  schemes: ["redis", "rediss"],
  form: "redis://USER@HOST:PORT/DATABASE",
  replaces: ["redis-url", "redis-server", "redis-port", "redis-user", "redis-database"],
  passwordFile: "redis-password-file",
  values: (url) => valuesOfUrl(url, "redis-url", { prefix: "redis-prefix" }),
};
