import type { StoreOption } from "../../src/plugin_api/mod.ts";

/** C gearmand's defaults. */
export const DEFAULT_HOST = "127.0.0.1";
export const DEFAULT_PORT = "6379";
export const DEFAULT_PREFIX = "_gear_";

/** Where a password may stand that must not be seen in a list of processes. */
export const PASSWORD_VARIABLE = "COGD_REDIS_PASSWORD";

/** The first four are gearmand's own (its `--help`, section redis). */
export const REDIS_OPTIONS = [
  {
    name: "redis-server",
    kind: "text",
    valueName: "HOST",
    help: "Host of Redis or Valkey, or the path of its socket file",
    default: DEFAULT_HOST,
  },
  { name: "redis-port", kind: "text", valueName: "PORT", help: "Its port", default: DEFAULT_PORT },
  {
    name: "redis-password",
    kind: "secret",
    valueName: "PASSWORD",
    help: `Password; better in a file or in the environment variable ${PASSWORD_VARIABLE}`,
  },
  {
    name: "redis-prefix",
    kind: "text",
    valueName: "NAME",
    help: "Tells queues apart; C gearmand's jobs with this prefix are taken over",
    default: DEFAULT_PREFIX,
  },
  {
    name: "redis-url",
    kind: "secret",
    valueName: "URL",
    help:
      "All in one: redis://USER:PASSWORD@HOST:PORT/DATABASE, rediss:// for TLS; the other options " +
      "go before it",
  },
  {
    name: "redis-user",
    kind: "text",
    valueName: "NAME",
    help: "User, where Redis has more than one",
  },
  {
    name: "redis-password-file",
    kind: "text",
    valueName: "FILE",
    help: "File whose first line is the password",
  },
  { name: "redis-database", kind: "text", valueName: "NUMBER", help: "Number of the database" },
  { name: "redis-tls", kind: "switch", help: "Use TLS; the certificate is checked" },
  {
    name: "redis-tls-ca",
    kind: "text",
    valueName: "FILE",
    help: "Certificates of the authorities to trust, in place of the system's",
  },
  { name: "redis-tls-cert", kind: "text", valueName: "FILE", help: "Certificate to show to Redis" },
  { name: "redis-tls-key", kind: "text", valueName: "FILE", help: "Its key" },
] as const satisfies readonly StoreOption[];

export type RedisOptionName = typeof REDIS_OPTIONS[number]["name"];
