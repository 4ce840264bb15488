import {
  type Failure,
  type LeaseHolder,
  type SessionDriver,
  StoreError,
} from "../../src/plugin_api/mod.ts";
import { MySqlConnection } from "./connection.ts";
import { failureOf } from "./faults.ts";
import { beginTerm, renewLease } from "./lease_row.ts";
import { readServerSettings, type ServerSettings } from "./server_settings.ts";
import { addressOfSession, killSession } from "./session_end.ts";
import type { MySqlSettings } from "./settings.ts";

/**
 * What every session begins with. Strict, so that nothing is cut or changed on its way in; locks of
 * others (a backup, an ALTER TABLE) are waited for in the server, but not as long as our own deadlines.
 */
const PREPARATION = [
  "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
  "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 0, " +
  "innodb_lock_wait_timeout = 2, lock_wait_timeout = 2",
] as const;

/** How sessions with MySQL are opened, kept and given up. */
export class MySqlDriver implements SessionDriver<MySqlConnection> {
  readonly place: string;
  readonly #settings: MySqlSettings;
  /** Set once this server holds the lease: from then on each session begins a term. */
  holder: LeaseHolder | null = null;
  /** As the last session found them. */
  server: ServerSettings | null = null;

  constructor(settings: MySqlSettings) {
    this.#settings = settings;
    this.place = settings.place;
  }

  create(lost: (error: unknown) => void): MySqlConnection {
    return new MySqlConnection(this.#settings, lost);
  }

  async start(connection: MySqlConnection, previous: MySqlConnection | null): Promise<void> {
    await connection.connect();
    for (const statement of PREPARATION) await connection.change(statement);
    this.server = await readServerSettings(connection);
    connection.address = await addressOfSession(connection, Number(connection.threadId));
    if (this.server.readOnly) {
      throw new StoreError("AWAY", "the server is read-only: a failover under way, or a replica");
    }
    if (previous !== null) {
      await killSession(connection, Number(previous.threadId), previous.address);
    }
    if (this.holder === null) return;
    await beginTerm(connection, this.#settings.scope, this.holder);
  }

  async upkeep(connection: MySqlConnection): Promise<void> {
    if (connection.term === 0) await connection.ping();
    else await renewLease(connection, this.#settings.scope, this.holder);
  }

  ping(connection: MySqlConnection): Promise<void> {
    return connection.ping();
  }

  end(connection: MySqlConnection): Promise<void> {
    return connection.end();
  }

  destroy(connection: MySqlConnection): void {
    connection.destroy();
  }

  classify(error: unknown): Failure {
    return failureOf(error);
  }
}
