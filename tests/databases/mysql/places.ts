import { mysqlPlugin } from "../../../plugins/mysql/mod.ts";
import {
  encodeHolder,
  type JobStore,
  type LeaseHolder,
  type StoreHost,
} from "../../../src/plugin_api/mod.ts";
import type { Mariadb } from "../../support/databases/mod.ts";
import type { CommandLine, PlaceOptions, TestPlace } from "../mod.ts";

/** What a user of cogd needs, no more (docs/stores.md). */
export const PRIVILEGES = "SELECT, INSERT, UPDATE, DELETE, CREATE";

export interface DatabaseOptions {
  /** Default utf8mb4. */
  readonly charset?: string;
  /** More options of the plugin. */
  readonly values?: Readonly<Record<string, string>>;
}

/** A database of its own and a user that has only what cogd needs there. */
export class TestDatabase implements TestPlace {
  static #count = 0;
  readonly server: Mariadb;
  readonly name: string;
  /** Lines that stores here have logged, each as `LEVEL text`. */
  readonly log: string[] = [];
  readonly #values: Readonly<Record<string, string>>;
  readonly #password = `p"'\\ä%${crypto.randomUUID()}`;

  private constructor(server: Mariadb, name: string, values: Readonly<Record<string, string>>) {
    this.server = server;
    this.name = name;
    this.#values = values;
  }

  static async create(server: Mariadb, options: DatabaseOptions = {}): Promise<TestDatabase> {
    const database = new TestDatabase(
      server,
      `test_${++TestDatabase.#count}`,
      options.values ?? {},
    );
    const { name } = database;
    const secret = database.#password.replace(/['\\]/g, "\\$&");
    await server.sql(`
      CREATE DATABASE ${name} CHARACTER SET ${options.charset ?? "utf8mb4"};
      CREATE USER '${name}'@'127.0.0.1' IDENTIFIED BY '${secret}';
      GRANT ${PRIVILEGES} ON ${name}.* TO '${name}'@'127.0.0.1';
    `);
    return database;
  }

  /** The address that a plugin is given; `port` for one that leads there in a roundabout way. */
  url(port: number = this.server.port): string {
    const url = new URL(
      this.server.urlFor({ user: this.name, password: this.#password, database: this.name }),
    );
    url.port = String(port);
    return url.href;
  }

  host(more: Partial<StoreHost> = {}): StoreHost {
    return {
      log: (level, text) => {
        if (text.includes(this.#password)) throw new Error(`a password was logged: ${text}`);
        this.log.push(`${level} ${text}`);
      },
      now: () => Date.now(),
      namespace: "",
      handlePrefix: "H:test:",
      ...more,
    };
  }

  open({ port, ...host }: PlaceOptions = {}): Promise<JobStore> {
    const values = new Map(Object.entries({ "mysql-url": this.url(port), ...this.#values }));
    return mysqlPlugin.open({ values, dataDir: "" }, this.host(host));
  }

  commandLine(port: number = this.server.port): CommandLine {
    return {
      args: [
        "-q",
        "MySQL",
        "--mysql-host=127.0.0.1",
        `--mysql-port=${port}`,
        `--mysql-user=${this.name}`,
        `--mysql-db=${this.name}`,
      ],
      env: { COGD_MYSQL_PASSWORD: this.#password },
    };
  }

  /** Rows of a query in this database, one line each, cells separated by tabs. */
  async rows(sql: string): Promise<string[]> {
    const text = await this.server.sql(`USE ${this.name}; ${sql}`);
    return text.split("\n").slice(0, -1);
  }

  /** Numbers of the sessions that are open here. */
  async sessions(): Promise<number[]> {
    const rows = await this.rows(
      `SELECT id FROM information_schema.processlist WHERE user = '${this.name}' ORDER BY id`,
    );
    return rows.map(Number);
  }

  async countSessions(): Promise<number> {
    return (await this.sessions()).length;
  }

  async killSessions(): Promise<void> {
    for (const id of await this.sessions()) {
      await this.server.sql(`KILL ${id}`).catch((error: Error) => {
        // It has ended by itself meanwhile.
        if (!error.message.includes("1094")) throw error;
      });
    }
  }

  /** Concerns the whole server. */
  async closeIdleSessions(closes: boolean): Promise<void> {
    await this.server.sql(`SET GLOBAL wait_timeout = ${closes ? 2 : 28_800}`);
  }

  async keys(): Promise<number[]> {
    return (await this.rows("SELECT job_key FROM cogd_jobs")).map(Number);
  }

  async leaseTerm(): Promise<number> {
    return Number((await this.rows("SELECT term FROM cogd_lease"))[0]);
  }

  async leaseIsFree(): Promise<boolean> {
    return (await this.rows("SELECT holder_id = '' FROM cogd_lease"))[0] === "1";
  }

  async abandonLease(holder: LeaseHolder, remainingMs: number): Promise<void> {
    await this.rows(
      `UPDATE cogd_lease SET holder_id = '${holder.id}', holder = '${encodeHolder(holder)}', ` +
        `expires_at = UTC_TIMESTAMP(3) + INTERVAL ${remainingMs * 1000} MICROSECOND`,
    );
  }

  async remove(): Promise<void> {
    await this.server.sql(`DROP DATABASE ${this.name}; DROP USER '${this.name}'@'127.0.0.1'`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }
}
