import type { Buffer } from "node:buffer";
import { StoreError } from "../../src/plugin_api/mod.ts";
import { CopyQuery, CopyRows } from "./copy_rows.ts";
import {
  type Client,
  isServerError,
  type Notice,
  type Parameter,
  type PgPackage,
  type TlsOptions,
} from "./pg_package.ts";
import type { PostgresHost, PostgresSettings } from "./settings.ts";
import { waysTo } from "./tls.ts";

/** For connecting to all hosts together, milliseconds; a little less than the session's own limit. */
const CONNECT_MS = 2500;
/** pg_hba.conf does not let this user in by this way. */
const NOT_THIS_WAY = "28000";

/** A row of a result, each value as text. */
export type Row = readonly (string | null)[];

/** One session with a PostgreSQL server. */
export class PostgresConnection {
  readonly #pg: PgPackage;
  readonly #settings: PostgresSettings;
  readonly #onLost: (error: unknown) => void;
  readonly #onNotice: (notice: Notice) => void;
  #client: Client | null = null;
  #destroyed = false;
  /** Tells the server's end of the session from others: number of its process, and when that began. */
  backend: { readonly pid: string; readonly startedAt: string } | null = null;

  constructor(
    pg: PgPackage,
    settings: PostgresSettings,
    onLost: (error: unknown) => void,
    onNotice: (notice: Notice) => void,
  ) {
    this.#pg = pg;
    this.#settings = settings;
    this.#onLost = onLost;
    this.#onNotice = onNotice;
  }

  /**
   * Connects to the first host that is no standby. Rejects when there is none.
   */
  async connect(): Promise<void> {
    const { hosts } = this.#settings;
    let failure: unknown;
    for (const host of hosts) {
      try {
        await this.#connectTo(host, CONNECT_MS / hosts.length);
        return;
      } catch (error) {
        // A standby's answer says more than the silence of a dead server.
        if (!(failure instanceof StoreError)) failure = error;
      }
    }
    throw failure;
  }

  /** Runs one statement. With `name` it is prepared once and kept. */
  async query(
    text: string,
    values: readonly Parameter[] = [],
    name?: string,
  ): Promise<readonly Row[]> {
    const prepared = name === undefined ? {} : { name };
    const { rows } = await this.#open().query({ text, values, ...prepared, rowMode: "array" });
    return rows;
  }

  /** Runs statements that answer nothing, in one round trip and one transaction. */
  async execute(text: string): Promise<void> {
    await this.#open().query(text);
  }

  /** The rows of a query whose columns are `bytea` and `int8` only. Values must stand in the text. */
  async copy(query: string): Promise<CopyRows> {
    const client = this.#open();
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      client.query(new CopyQuery(`COPY (${query}) TO STDOUT (FORMAT binary)`, resolve, reject));
    });
    return new CopyRows(bytes);
  }

  async end(): Promise<void> {
    await this.#client?.end();
  }

  destroy(): void {
    this.#destroyed = true;
    this.#client?.connection.stream.destroy();
  }

  #open(): Client {
    if (this.#client !== null) return this.#client;
    throw new Error("the session is not connected");
  }

  async #connectTo(host: PostgresHost, patienceMs: number): Promise<void> {
    const ways = waysTo(host.name, this.#settings.tls);
    let refusal: unknown;
    for (const [i, tls] of ways.entries()) {
      try {
        await this.#try(host, tls, patienceMs);
        break;
      } catch (error) {
        // That there is no TLS says less than why the server refused the way without.
        if (refusal !== undefined && hasNoTls(error)) throw refusal;
        if (i === ways.length - 1 || !isWrongWay(error)) throw error;
        refusal = error;
      }
    }
    await this.#identify();
  }

  async #try(host: PostgresHost, tls: false | TlsOptions, patienceMs: number): Promise<void> {
    const { user, database, applicationName, options } = this.#settings;
    const client = new this.#pg.Client({
      host: host.address,
      port: host.port,
      user,
      database,
      password: () => host.password,
      ssl: tls,
      application_name: applicationName,
      ...(options === undefined ? {} : { options }),
      connectionTimeoutMillis: patienceMs,
      types: { getTypeParser: () => (text) => text },
    });
    let connected = false;
    // Until then the driver's promise tells.
    const lost = (error: unknown) => {
      if (connected && this.#client === client) this.#onLost(error);
    };
    client.on("error", lost);
    client.on("end", () => lost(new Error("the server closed the connection")));
    client.on("notice", this.#onNotice);
    this.#client = client;
    try {
      await client.connect();
      if (this.#destroyed) throw new Error("the session was given up");
      connected = true;
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  /** Closes what is open without a word to whoever watches the session. */
  #leave(): void {
    const client = this.#client;
    this.#client = null;
    client?.connection.stream.destroy();
  }

  async #identify(): Promise<void> {
    // A role may have a limit that nothing here was made for, and times that cannot be read back.
    await this.execute(
      "SET statement_timeout TO 0; SET \"DateStyle\" TO 'ISO'; SET \"TimeZone\" TO 'UTC'",
    );
    const rows = await this.query(
      "SELECT pid, backend_start, pg_is_in_recovery() FROM pg_stat_activity " +
        "WHERE pid = pg_backend_pid()",
    );
    const [pid, startedAt, standby] = rows[0] ?? [];
    if (standby === "t") {
      this.#leave();
      throw new StoreError(
        "AWAY",
        "the server takes no writes: a failover under way, or a standby",
      );
    }
    if (pid && startedAt) this.backend = { pid, startedAt };
  }
}

/** Whether another way (with TLS, or without) may be the right one. */
function isWrongWay(error: unknown): boolean {
  if (isServerError(error)) return error.code === NOT_THIS_WAY;
  return error instanceof Error && /SSL|TLS|certificate/i.test(error.message);
}

/** The driver's word for a server that answers a TLS request with no. */
function hasNoTls(error: unknown): boolean {
  return error instanceof Error && /does not support SSL/.test(error.message);
}
