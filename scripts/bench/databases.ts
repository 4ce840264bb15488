import { programMissing, type ProgramName, runProgram } from "../../tests/support/mod.ts";
import {
  type DatabaseServer,
  startMariadb,
  startPostgres,
  startRedis,
} from "../../tests/support/databases/mod.ts";
import type { MachineFacts } from "./machine.ts";

/** Kinds of database servers, by the name of the queue that uses them. */
export type DatabaseKind = "mysql" | "postgres" | "redis";

/** A queue in a database: a new database, or in Redis an unused prefix. */
export interface DatabaseQueue {
  readonly database: DatabaseKind;
  readonly port: number;
  /** Of the database or the prefix. */
  readonly name: string;
}

/** A queue for one server and round, with the database server that holds it. */
export interface DatabasePlace {
  readonly queue: DatabaseQueue;
  readonly server: DatabaseServer;
  /** Runs statements in the queue's own database. */
  sql(text: string): Promise<string>;
  /** Removes all that the queue holds. */
  [Symbol.asyncDispose](): Promise<void>;
}

interface DatabaseShape {
  readonly title: string;
  readonly program: ProgramName;
  readonly versionOf: readonly string[];
  start(): Promise<DatabaseServer>;
  create(name: string): string;
  drop(name: string): string;
  /** What leads the administrator's statements into the database. */
  enter(name: string): string;
}

/** With more memory than the tests give them: a queue of 100,000 jobs fits. All sync each commit. */
const SHAPES: Readonly<Record<DatabaseKind, DatabaseShape>> = {
  mysql: {
    title: "MariaDB",
    program: "mariadbd",
    versionOf: ["/usr/sbin/mariadbd", "--version"],
    start: () =>
      startMariadb({ args: ["--innodb-buffer-pool-size=256M", "--innodb-log-file-size=128M"] }),
    create: (name) => `CREATE DATABASE ${name}`,
    drop: (name) => `DROP DATABASE ${name}`,
    enter: (name) => `USE ${name};\n`,
  },
  postgres: {
    title: "PostgreSQL",
    program: "postgres",
    versionOf: ["psql", "--version"],
    start: () => startPostgres({ settings: ["shared_buffers=256MB", "max_wal_size=1GB"] }),
    create: (name) => `CREATE DATABASE ${name}`,
    drop: (name) => `DROP DATABASE ${name} WITH (FORCE)`,
    enter: (name) => `\\connect ${name}\n`,
  },
  redis: {
    title: "Redis",
    program: "redis-server",
    versionOf: ["redis-server", "--version"],
    start: () => startRedis(),
    create: () => "PING",
    drop: () => "FLUSHALL",
    enter: () => "",
  },
};

/** Database servers of one run: one of each kind, started when it is first asked for. */
export class Databases {
  readonly #servers = new Map<DatabaseKind, Promise<DatabaseServer>>();
  #places = 0;

  /** An empty queue. Rejects when the database's program is not installed. */
  async place(database: DatabaseKind): Promise<DatabasePlace> {
    const shape = SHAPES[database];
    const server = await this.#server(database);
    const name = `bench${++this.#places}`;
    await server.sql(shape.create(name));
    return {
      queue: { database, port: server.port, name },
      server,
      sql: (text) => server.sql(shape.enter(name) + text),
      [Symbol.asyncDispose]: async () => {
        await server.sql(shape.drop(name));
      },
    };
  }

  /** Versions of those that were used. */
  async facts(): Promise<MachineFacts> {
    return await Promise.all([...this.#servers.keys()].map(async (database) => {
      const { title, versionOf: [command, ...args] } = SHAPES[database];
      const printed = await runProgram(command!, args).catch(() => undefined);
      return [title, /\d+\.\d[\w.]*/.exec(printed?.stdout ?? "")?.[0] ?? "unknown"] as const;
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers.values()) {
      await server.then((running) => running[Symbol.asyncDispose](), () => {});
    }
  }

  #server(database: DatabaseKind): Promise<DatabaseServer> {
    let server = this.#servers.get(database);
    if (server === undefined) {
      server = startIfInstalled(SHAPES[database]);
      this.#servers.set(database, server);
    }
    return server;
  }
}

async function startIfInstalled({ program, start }: DatabaseShape): Promise<DatabaseServer> {
  if (programMissing(program) !== false) throw new Error(`${program} is not installed`);
  return await start();
}
