/** Real database servers, each started by the test that uses it, in a folder and on a port of its own. */
export type { DatabaseServer } from "./database_server.ts";
export { type Mariadb, startMariadb, type StartMariadbOptions } from "./mariadb.ts";
export { type Postgres, startPostgres, type StartPostgresOptions } from "./postgres.ts";
export { type Redis, startRedis, type StartRedisOptions } from "./redis.ts";
