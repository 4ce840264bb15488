import { postgresPlugin } from "../../../plugins/postgres/mod.ts";
import {
  encodeHolder,
  type JobStore,
  type LeaseHolder,
  type StoreHost,
} from "../../../src/plugin_api/mod.ts";
import type { Postgres } from "../../support/databases/mod.ts";
import type { CommandLine, PlaceOptions, TestPlace } from "../mod.ts";

export interface SchemaOptions {
  /** Database that it lies in; default `cogd`. */
  readonly database?: string;
}

export interface OpenOptions extends PlaceOptions {
  /** Parameters behind the URL, e.g. `sslmode=require`. */
  readonly parameters?: string;
  /** More options of the plugin. */
  readonly values?: Readonly<Record<string, string>>;
}

/** A schema of its own, and a user that may do there what docs/stores.md asks for and no more. */
export class TestSchema implements TestPlace {
  static #count = 0;
  readonly server: Postgres;
  readonly database: string;
  /** Of the schema and of the user: PostgreSQL looks for tables in the schema named like the user. */
  readonly name: string;
  readonly password = `p"'\\ä%${crypto.randomUUID()}`;
  /** Lines that stores here have logged, each as `LEVEL text`. */
  readonly log: string[] = [];

  private constructor(server: Postgres, name: string, options: SchemaOptions) {
    this.server = server;
    this.name = name;
    this.database = options.database ?? "cogd";
  }

  static async create(server: Postgres, options: SchemaOptions = {}): Promise<TestSchema> {
    const name = `test_${++TestSchema.#count}`;
    const schema = new TestSchema(server, name, options);
    // Passwords are kept in the encoding of the database that they are given in.
    await server.sql(`CREATE USER ${name} PASSWORD ${quoted(schema.password)}`);
    await schema.rows(`
      CREATE SCHEMA ${name};
      GRANT USAGE, CREATE ON SCHEMA ${name} TO ${name};
    `);
    return schema;
  }

  /** The address that a plugin is given; `port` for one that leads there in a roundabout way. */
  url(port: number = this.server.port): string {
    const { name, password, database } = this;
    return this.server.urlFor({ user: name, password, database, port });
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

  open({ port, parameters, values: more, ...host }: OpenOptions = {}): Promise<JobStore> {
    const url = this.url(port) + (parameters === undefined ? "" : `?${parameters}`);
    const values = new Map(Object.entries({ "postgres-url": url, ...more }));
    return postgresPlugin.open({ values, dataDir: "" }, this.host(host));
  }

  commandLine(port: number = this.server.port): CommandLine {
    const conninfo = `port=${port} user=${this.name} dbname=${this.database}`;
    return {
      args: ["-q", "Postgres", `--libpq-conninfo=${conninfo}`],
      env: { PGHOST: "127.0.0.1", PGPASSWORD: this.password },
    };
  }

  /** Rows of statements that the administrator runs in this schema: a line each, cells between tabs. */
  async rows(sql: string): Promise<string[]> {
    const text = await this.server.sqlIn(this.database, `SET search_path TO ${this.name};\n${sql}`);
    return text.split("\n").slice(0, -1);
  }

  /** Numbers of the processes that serve this schema's user. */
  async sessions(): Promise<number[]> {
    const rows = await this.rows(
      `SELECT pid FROM pg_stat_activity WHERE usename = '${this.name}' ORDER BY backend_start`,
    );
    return rows.map(Number);
  }

  async countSessions(): Promise<number> {
    return (await this.sessions()).length;
  }

  async killSessions(): Promise<void> {
    await this.rows(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${this.name}'`,
    );
  }

  async closeIdleSessions(closes: boolean): Promise<void> {
    await this.rows(`ALTER USER ${this.name} SET idle_session_timeout TO '${closes ? 2 : 0}s'`);
  }

  async keys(): Promise<number[]> {
    return (await this.rows("SELECT key FROM cogd_job")).map(Number);
  }

  async leaseTerm(): Promise<number> {
    return Number((await this.rows("SELECT term FROM cogd_queue"))[0]);
  }

  async leaseIsFree(): Promise<boolean> {
    return (await this.rows("SELECT holder = '' FROM cogd_queue"))[0] === "t";
  }

  async abandonLease(holder: LeaseHolder, remainingMs: number): Promise<void> {
    await this.rows(
      `UPDATE cogd_queue SET holder = ${quoted(encodeHolder(holder))}, ` +
        `expires_at = clock_timestamp() + INTERVAL '${remainingMs} ms'`,
    );
  }

  async remove(): Promise<void> {
    await this.rows(`
      DROP SCHEMA ${this.name} CASCADE;
      DROP OWNED BY ${this.name};
      DROP USER ${this.name};
    `);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }
}

/** A text for SQL, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
