import type { StoreOption } from "../../src/plugin_api/mod.ts";

export const DEFAULT_HOST = "localhost";
export const DEFAULT_PORT = 3306;
/** C gearmand's default. */
export const DEFAULT_TABLE = "gearman_queue";
export const DEFAULT_PREFIX = "cogd_";

/** As MySQL's own `--ssl-mode`. */
export const SSL_MODES = ["disabled", "required", "verify-ca", "verify-identity"] as const;
export type SslMode = (typeof SSL_MODES)[number];

/** Where a password may stand that must not be seen in a list of processes. */
export const PASSWORD_VARIABLE = "COGD_MYSQL_PASSWORD";

/** gearmand's own options (its `--help`, section MySQL), and what it lacks. */
export const MYSQL_OPTIONS: readonly StoreOption[] = [
  {
    name: "mysql-host",
    kind: "text",
    valueName: "HOST",
    help: "Host of the MySQL or MariaDB server",
    default: DEFAULT_HOST,
  },
  {
    name: "mysql-port",
    kind: "number",
    valueName: "PORT",
    help: "Port of the server",
    default: String(DEFAULT_PORT),
  },
  { name: "mysql-user", kind: "text", valueName: "USER", help: "User" },
  {
    name: "mysql-password",
    kind: "secret",
    valueName: "PASSWORD",
    help: `Password; better in a file or in the environment variable ${PASSWORD_VARIABLE}`,
  },
  {
    name: "mysql-password-file",
    kind: "text",
    valueName: "FILE",
    help: "File whose first line is the password",
  },
  { name: "mysql-db", kind: "text", valueName: "DATABASE", help: "Database; it must exist" },
  {
    name: "mysql-table",
    kind: "text",
    valueName: "TABLE",
    help: "Table of C gearmand whose jobs are taken over when the database has it",
    default: DEFAULT_TABLE,
  },
  {
    name: "mysql-prefix",
    kind: "text",
    valueName: "TEXT",
    help: "What the names of cogd's own tables begin with",
    default: DEFAULT_PREFIX,
  },
  {
    name: "mysql-url",
    kind: "secret",
    valueName: "URL",
    help: "All in one: mysql://USER:PASSWORD@HOST:PORT/DATABASE; the options above go before it",
  },
  {
    name: "mysql-socket",
    kind: "text",
    valueName: "FILE",
    help: "Unix socket of the server, instead of host and port",
  },
  {
    name: "mysql-ssl-mode",
    kind: "text",
    valueName: "MODE",
    help: `${
      SSL_MODES.join(", ")
    }; default: verify-identity if a file below is given, else disabled`,
  },
  {
    name: "mysql-ssl-ca",
    kind: "text",
    valueName: "FILE",
    help: "Certificates of the authorities to trust, instead of the system's",
  },
  { name: "mysql-ssl-cert", kind: "text", valueName: "FILE", help: "Client certificate" },
  { name: "mysql-ssl-key", kind: "text", valueName: "FILE", help: "Key of the client certificate" },
];
