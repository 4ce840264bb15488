import { type StoreUrl, valuesOfUrl } from "../../src/plugin_api/mod.ts";

/** What `--postgres-url` takes, and `?table=` for `--libpq-table`. */
export const POSTGRES_URL: StoreUrl = {
  schemes: ["postgres", "postgresql"],
  form: "postgres://USER@HOST:PORT/DATABASE",
  replaces: ["postgres-url", "libpq-conninfo"],
  passwordFile: "postgres-password-file",
  values: (url) => valuesOfUrl(url, "postgres-url", { table: "libpq-table" }),
};
