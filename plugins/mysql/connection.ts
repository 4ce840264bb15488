import { Buffer } from "node:buffer";
import { createConnection as createSocket, type Socket } from "node:net";
import { type Connection as DriverConnection, createConnection } from "mysql2";
import type { MySqlSettings } from "./settings.ts";

/** A value to be bound: bytes as `Buffer`, since the driver would take other arrays for something else. */
export type Value = Buffer | number | null;
/** A value as it comes back. Numbers beyond 2^53 come as text. */
export type Cell = Buffer | string | number | null;
export type Row = readonly Cell[];

/** A cell as text; the empty text for NULL. */
export function textOf(cell: Cell | undefined): string {
  return Buffer.isBuffer(cell) ? cell.toString() : String(cell ?? "");
}

export interface Change {
  /** Rows that matched (not: that differ now). */
  readonly affectedRows: number;
  readonly insertId: number;
}

/** One connection of the driver, with what is known of its session. */
export class MySqlConnection {
  readonly #driver: DriverConnection;
  /** Made here, because the driver's own way to close it waits for a peer that may never read. */
  readonly #socket: Socket;
  /** `max_allowed_packet` of the session, bytes. */
  maxPacketBytes = 0;
  /** Address of this end as the server knows it: with the thread's number it names the session. */
  address = "";
  /** Term of the lease with which this session writes; 0 as long as there is no lease. */
  term = 0;

  /** Begins to connect; `lost` is told when the connection has ended. */
  constructor(settings: MySqlSettings, lost: (error: unknown) => void) {
    const { host, port, socket, user, password, database, tls } = settings;
    this.#socket = socket === undefined ? createSocket(port, host) : createSocket(socket);
    this.#socket.setNoDelay(true);
    this.#driver = createConnection({
      stream: this.#socket,
      host,
      user,
      password,
      database,
      charset: "utf8mb4",
      // The session has deadlines of its own.
      connectTimeout: 0,
      rowsAsArray: true,
      supportBigNumbers: true,
      dateStrings: true,
      multipleStatements: true,
      // No server shall ask for files of this machine.
      flags: ["-LOCAL_FILES"],
      ...(tls === null ? {} : {
        ssl: {
          rejectUnauthorized: tls.checkAuthority,
          verifyIdentity: tls.checkIdentity,
          ...(tls.ca === undefined ? {} : { ca: tls.ca }),
          ...(tls.cert === undefined ? {} : { cert: tls.cert }),
          ...(tls.key === undefined ? {} : { key: tls.key }),
        },
      }),
    });
    this.#driver.on("error", lost);
    this.#driver.on("end", () => lost(new ConnectionEnded()));
  }

  connect(): Promise<void> {
    return this.#settles((done) => this.#driver.connect(done));
  }

  /** The server's number of this session. */
  get threadId(): number {
    return this.#driver.threadId;
  }

  /** Rows of a statement without places for values. */
  select(sql: string): Promise<Row[]> {
    return this.#settles((done) =>
      this.#driver.query(sql, (error, rows) => done(error, rows as unknown as Row[]))
    );
  }

  /** A statement without places for values that changes something. */
  change(sql: string): Promise<Change> {
    return this.#settles((done) =>
      this.#driver.query(sql, (error, result) => done(error, result as unknown as Change))
    );
  }

  /**
   * Statements without places for values, sent together: the server stops at the first one that fails.
   * Only literals made by `scope.ts` may be in them.
   */
  changeAll(statements: readonly string[]): Promise<void> {
    return this.#settles((done) =>
      this.#driver.query(statements.join(";"), (error) => done(error))
    );
  }

  /** A statement with values, which is prepared once and kept. */
  execute(sql: string, values: Value[]): Promise<Change> {
    return this.#settles((done) =>
      this.#driver.execute(sql, values, (error, result) => done(error, result as unknown as Change))
    );
  }

  ping(): Promise<void> {
    return this.#settles((done) => this.#driver.ping(done));
  }

  /** Takes leave of the server. */
  end(): Promise<void> {
    return this.#settles((done) => this.#driver.end(done));
  }

  /** Closes the socket at once. */
  destroy(): void {
    this.#driver.destroy();
    this.#socket.destroy();
  }

  #settles<T>(start: (done: (error: unknown, value?: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) =>
      start((error, value) => error ? reject(error) : resolve(value as T))
    );
  }
}

/** The server closed the connection in an orderly way. */
export class ConnectionEnded extends Error {
  constructor() {
    super("the server closed the connection");
    this.name = "ConnectionEnded";
  }
}
