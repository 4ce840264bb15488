import { type StoreUrl, valuesOfUrl } from "../../src/plugin_api/mod.ts";

/** What `--mysql-url` takes, and `?table=` and `?prefix=` for the options of these names. */
export const MYSQL_URL: StoreUrl = {
  schemes: ["mysql", "mariadb"],
  form: "mysql://USER@HOST:PORT/DATABASE",
  replaces: ["mysql-url", "mysql-host", "mysql-port", "mysql-user", "mysql-db", "mysql-socket"],
  passwordFile: "mysql-password-file",
  values: (url) => valuesOfUrl(url, "mysql-url", { table: "mysql-table", prefix: "mysql-prefix" }),
};
