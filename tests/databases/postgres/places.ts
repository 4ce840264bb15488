import { postgresPlugin } from "../../../plugins/postgres/mod.ts";
import type { JobStore, ProcessWitness, StoreHost } from "../../../src/plugin_api/mod.ts";
import type { StorePlace } from "../../conformance/stores/mod.ts";
import type { Postgres } from "../../support/databases/mod.ts";

export interface DatabaseOptions {
  /** Default UTF8. */
  readonly encoding?: string;
  /** More options of the plugin. */
  readonly values?: Readonly<Record<string, string>>;
}

export interface OpenOptions {
  /** Of a proxy in front of the server. */
  readonly port?: number;
  readonly namespace?: string;
  readonly process?: ProcessWitness;
  /** Parameters behind the URL, e.g. `sslmode=require`. */
  readonly parameters?: string;
}

/** A database of its own, and a user that may do there what docs/stores.md asks for and no more. */
export class TestDatabase implements StorePlace {
  static #count = 0;
  readonly server: Postgres;
  readonly name: string;
  /** Lines that stores here have logged, each as `LEVEL text`. */
  readonly log: string[] = [];
  readonly #values: Readonly<Record<string, string>>;
  readonly password = `p"'\\ä%${crypto.randomUUID()}`;

  private constructor(server: Postgres, name: string, values: Readonly<Record<string, string>>) {
    this.server = server;
    this.name = name;
    this.#values = values;
  }

  static async create(server: Postgres, options: DatabaseOptions = {}): Promise<TestDatabase> {
    const name = `test_${++TestDatabase.#count}`;
    const database = new TestDatabase(server, name, options.values ?? {});
    const { encoding = "UTF8" } = options;
    await server.sql(`
      CREATE USER ${name} PASSWORD ${quoted(database.password)};
      CREATE DATABASE ${name} TEMPLATE template0 ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C';
    `);
    await database.rows(`
      REVOKE ALL ON DATABASE ${name} FROM PUBLIC;
      REVOKE ALL ON SCHEMA public FROM PUBLIC;
      GRANT CONNECT ON DATABASE ${name} TO ${name};
      GRANT USAGE, CREATE ON SCHEMA public TO ${name};
    `);
    return database;
  }

  /** The address that a plugin is given; `port` for one that leads there in a roundabout way. */
  url(port: number = this.server.port): string {
    const { name, password } = this;
    return this.server.urlFor({ user: name, password, database: name, port });
  }

  host(more: Partial<StoreHost> = {}): StoreHost {
    return {
      log: (level, text) => {
        if (text.includes(this.password)) throw new Error(`a password was logged: ${text}`);
        this.log.push(`${level} ${text}`);
      },
      now: () => Date.now(),
      namespace: "",
      handlePrefix: "H:test:",
      ...more,
    };
  }

  open({ port, parameters, ...host }: OpenOptions = {}): Promise<JobStore> {
    const url = this.url(port) + (parameters === undefined ? "" : `?${parameters}`);
    const values = new Map(Object.entries({ "postgres-url": url, ...this.#values }));
    return postgresPlugin.open({ values, dataDir: "" }, this.host(host));
  }

  /** Rows of statements that the administrator runs in this database: a line each, cells between tabs. */
  async rows(sql: string): Promise<string[]> {
    return (await this.server.sqlIn(this.name, sql)).split("\n").slice(0, -1);
  }

  /** Numbers of the processes that serve this database's user. */
  async sessions(): Promise<number[]> {
    const rows = await this.rows(
      `SELECT pid FROM pg_stat_activity WHERE usename = '${this.name}' ORDER BY backend_start`,
    );
    return rows.map(Number);
  }

  async remove(): Promise<void> {
    await this.server.sql(`DROP DATABASE ${this.name} WITH (FORCE)`);
    await this.server.sql(`DROP USER ${this.name}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }
}

/** A text for SQL, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
