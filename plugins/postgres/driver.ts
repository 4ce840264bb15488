import type { Durability, Failure, LogLevel, SessionDriver } from "../../src/plugin_api/mod.ts";
import { StoreError } from "../../src/plugin_api/mod.ts";
import { PostgresConnection } from "./connection.ts";
import type { Notice, PgPackage } from "./pg_package.ts";
import { failureOf } from "./faults.ts";
import type { QueueLease } from "./queue_lease.ts";
import type { PostgresSettings } from "./settings.ts";

/** PostgreSQL 13: the oldest that its makers still had support for when this was written. */
const OLDEST_VERSION = 130000;

/**
 * What every session is told. Error texts and names come as UTF-8 from any database. A write that
 * waited for a changed row looks at it again (read committed), which the fence relies on. Limits are
 * those of this side, except that a lock is not waited for. Few rows are touched through the primary key;
 * without statistics (a new table) the planner might think otherwise, and keep thinking so while the table
 * grows. The server notices within half a minute that this machine is gone.
 */
const SESSION_SETTINGS = `
  SET client_encoding TO 'UTF8';
  SET standard_conforming_strings TO on;
  SET default_transaction_isolation TO 'read committed';
  SET lock_timeout TO 2000;
  SET idle_in_transaction_session_timeout TO 60000;
  SET plan_cache_mode TO force_generic_plan;
  SET enable_seqscan TO off;
  SET enable_bitmapscan TO off;
  SET enable_sort TO off;
  SET enable_hashjoin TO off;
  SET enable_mergejoin TO off;
  SET jit TO off;
  SET tcp_keepalives_idle TO 10;
  SET tcp_keepalives_interval TO 5;
  SET tcp_keepalives_count TO 4;`;

/** Opens sessions for a store, and knows what the server promises. */
export class PostgresDriver implements SessionDriver<PostgresConnection> {
  readonly place: string;
  /** The lease, once it is held: from then on each session raises its term. */
  lease: QueueLease | null = null;
  readonly #pg: PgPackage;
  readonly #settings: PostgresSettings;
  readonly #log: (level: LogLevel, text: string) => void;
  #opened = false;
  #durability: Durability = "power-loss";
  #promise: string | undefined;
  /** `synchronous_commit` as it was found at first; later sessions keep to it. */
  #synchronousCommit: string | null = null;
  #warned = "";

  constructor(
    pg: PgPackage,
    settings: PostgresSettings,
    log: (level: LogLevel, text: string) => void,
  ) {
    this.#pg = pg;
    this.#settings = settings;
    this.#log = log;
    this.place = placeOf(settings);
  }

  /** What commits survive, from the first session on. */
  get durability(): Durability {
    return this.#durability;
  }

  /** The same in words, where they say more; from the first session on. */
  get promise(): string | undefined {
    return this.#promise;
  }

  create(lost: (error: unknown) => void): PostgresConnection {
    const log = this.#log;
    return new PostgresConnection(this.#pg, this.#settings, lost, (notice: Notice) => {
      log("INFO", `${this.place} says: ${notice.severity ?? "NOTICE"}: ${notice.message ?? ""}`);
    });
  }

  async start(connection: PostgresConnection, previous: PostgresConnection | null): Promise<void> {
    await connection.connect();
    await this.#prepare(connection);
    if (previous?.backend) await endBackend(connection, previous.backend);
    if (this.lease !== null) await this.lease.raise(connection);
    this.#opened = true;
  }

  async upkeep(connection: PostgresConnection): Promise<void> {
    if (this.lease === null) await this.ping(connection);
    else await this.lease.renew(connection);
  }

  async ping(connection: PostgresConnection): Promise<void> {
    await connection.execute("SELECT 1");
  }

  async end(connection: PostgresConnection): Promise<void> {
    await connection.end();
  }

  destroy(connection: PostgresConnection): void {
    connection.destroy();
  }

  classify(error: unknown): Failure {
    return failureOf(error);
  }

  async #prepare(connection: PostgresConnection): Promise<void> {
    const [row] = await connection.query(
      "SELECT current_setting('server_version_num'), current_setting('synchronous_commit'), " +
        "current_setting('fsync'), current_setting('full_page_writes')",
    );
    const [version, synchronousCommit, fsync, fullPages] = row ?? [];
    if (Number(version) < OLDEST_VERSION) {
      throw new StoreError(
        "CANNOT_OPEN",
        `its version is ${version}; cogd needs PostgreSQL 13 (130000) or newer`,
      );
    }
    this.#synchronousCommit ??= synchronousCommit ?? "on";
    await connection.execute(
      `${SESSION_SETTINGS} SET synchronous_commit TO '${this.#synchronousCommit}'`,
    );
    this.#judge(fsync !== "off", fullPages !== "off");
  }

  /** What a commit survives; says so in the log where it is less than an operator expects. */
  #judge(fsync: boolean, fullPages: boolean): void {
    const synchronous = this.#synchronousCommit !== "off";
    if (!this.#opened && !(synchronous && fsync && fullPages)) {
      this.#durability = "restart";
      this.#promise = "acknowledged background jobs survive a restart of cogd; " +
        (fsync && fullPages
          ? "a crash of the database server loses those of the last second"
          : "a power loss at the database server may lose them all");
    }
    const weakness = [
      synchronous ? "" : "synchronous_commit is off: what was acknowledged in the last second is " +
        "lost when the server crashes",
      fsync ? "" : "fsync is off: the database may be lost when the machine loses power",
      fullPages
        ? ""
        : "full_page_writes is off: the database may be damaged when the machine loses power",
    ].filter((text) => text !== "").join("; ");
    if (weakness !== "" && weakness !== this.#warned) {
      this.#log("WARNING", `${this.place} keeps less than a queue should: ${weakness}`);
    }
    this.#warned = weakness;
  }
}

/** Ends the server's end of a session that was given up, if it is there and may be ended. */
async function endBackend(
  connection: PostgresConnection,
  backend: { readonly pid: string; readonly startedAt: string },
): Promise<void> {
  // Numbers of processes are used again. Without the right to end it, the raised term has to do.
  await connection.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity " +
      "WHERE pid = $1 AND backend_start = $2::timestamptz AND usename = current_user",
    [backend.pid, backend.startedAt],
  );
}

/** `postgres db.example:5432/jobs`, printable ASCII, without secrets. */
function placeOf({ hosts, database }: PostgresSettings): string {
  const servers = hosts.map(({ name, port }) =>
    `${name.includes(":") ? `[${name}]` : name}:${port}`
  );
  return `postgres ${servers.join(",")}/${database}`.replace(/[^\x20-\x7e]/g, "?");
}
