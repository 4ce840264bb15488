import type { DatabaseQueue } from "./databases.ts";

/** Command-line options for a queue in a database: the same for cogd as for C gearmand. */
export function databaseOptions({ database, port, name }: DatabaseQueue): string[] {
  switch (database) {
    case "mysql":
      return [
        "--queue-type=MySQL",
        "--mysql-host=127.0.0.1",
        `--mysql-port=${port}`,
        "--mysql-user=root",
        `--mysql-db=${name}`,
      ];
    case "postgres":
      return [
        "--queue-type=Postgres",
        `--libpq-conninfo=host=127.0.0.1 port=${port} user=tester dbname=${name}`,
      ];
    case "redis":
      return [
        "--queue-type=redis",
        "--redis-server=127.0.0.1",
        `--redis-port=${port}`,
        `--redis-prefix=${name}`,
      ];
  }
}
