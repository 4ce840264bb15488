import { Buffer } from "node:buffer";
import {
  decodeHolder,
  encodeHolder,
  LEASE_TIMES,
  type LeaseHolder,
  type LeasePlace,
  type LeaseState,
  type SteadySession,
  STORE_OPERATIONS,
  takenOver,
} from "../../src/plugin_api/mod.ts";
import { type MySqlConnection, textOf } from "./connection.ts";
import { errorNumber, StaleSession } from "./faults.ts";
import { bytesLiteral, numberLiteral, type Scope } from "./scope.ts";
import { killSession } from "./session_end.ts";
import { transaction } from "./transaction.ts";

const FROM_NOW = `UTC_TIMESTAMP(3) + INTERVAL ${LEASE_TIMES.runsForMs * 1000} MICROSECOND`;
const ER_BAD_NULL_ERROR = 1048;
const ER_DUP_ENTRY = 1062;

/** The lease of one namespace as a row. */
export class LeaseRow implements LeasePlace {
  readonly #session: SteadySession<MySqlConnection>;
  readonly #scope: Scope;

  constructor(session: SteadySession<MySqlConnection>, scope: Scope) {
    this.#session = session;
    this.#scope = scope;
  }

  read(): Promise<LeaseState | null> {
    return this.#session.run(
      { ...STORE_OPERATIONS.takeLease, writes: false },
      (connection) => transaction(connection, () => readLease(connection, this.#scope)),
    );
  }

  take(seen: LeaseState | null, holder: LeaseHolder): Promise<boolean> {
    return this.#session.run(STORE_OPERATIONS.takeLease, async (connection) => {
      const term = (seen?.term ?? 0) + 1;
      const sql = seen === null
        ? insertSql(connection, this.#scope, holder, term)
        : updateSql(connection, this.#scope, holder, term, seen);
      if (seen !== null) await this.#endHoldersSession(connection);
      const taken = await transaction(connection, async () => {
        try {
          return (await connection.change(sql)).affectedRows === 1;
        } catch (error) {
          if (errorNumber(error) === ER_DUP_ENTRY) return false;
          throw error;
        }
      });
      if (taken) connection.term = term;
      return taken;
    });
  }

  /**
   * A holder that vanished with its machine may have left a transaction open: the server would keep its
   * locks for hours. One that lives after all only has to connect again.
   */
  async #endHoldersSession(connection: MySqlConnection): Promise<void> {
    const { lease, namespace } = this.#scope;
    const [row] = await connection.select(
      `SELECT session_id, address FROM ${lease} WHERE namespace = ${namespace}`,
    );
    if (row === undefined) return;
    await killSession(connection, Number(row[0]), textOf(row[1]));
  }
}

/**
 * Begins a term for a session that replaces another one: from now on nothing that the other still has under
 * way can be committed. Waits for a commit that is being made. Throws `TAKEN_OVER` when the lease has
 * another holder.
 */
export async function beginTerm(
  connection: MySqlConnection,
  scope: Scope,
  holder: LeaseHolder,
): Promise<void> {
  await transaction(connection, async () => {
    const { affectedRows, insertId } = await connection.change(
      `UPDATE ${scope.lease} SET term = LAST_INSERT_ID(term + 1), expires_at = ${FROM_NOW}, ` +
        `${sessionSql(connection)} WHERE namespace = ${scope.namespace} AND holder_id = ${
          idLiteral(holder)
        }`,
    );
    if (affectedRows === 0) throw takenOver((await readLease(connection, scope))?.holder ?? null);
    connection.term = Number(insertId);
  });
}

/** Prolongs the lease. Throws `StaleSession` or `TAKEN_OVER` when this session has it no more. */
export async function renewLease(
  connection: MySqlConnection,
  scope: Scope,
  holder: LeaseHolder | null,
): Promise<void> {
  await transaction(connection, async () => {
    const { affectedRows } = await connection.change(
      `UPDATE ${scope.lease} SET expires_at = ${FROM_NOW} WHERE ${ownRow(connection, scope)}`,
    );
    if (affectedRows === 0) throw await lossOf(connection, scope, holder);
  });
}

/**
 * To be called first in each transaction that writes: holds the lease until its end, so that nobody can take
 * it meanwhile. Throws as `renewLease` does.
 */
export async function requireLease(
  connection: MySqlConnection,
  scope: Scope,
  holder: LeaseHolder | null,
): Promise<void> {
  const found = await connection.select(
    `SELECT 1 FROM ${scope.lease} WHERE ${ownRow(connection, scope)} FOR UPDATE`,
  );
  if (found.length === 0) throw await lossOf(connection, scope, holder);
}

/**
 * The same for transactions that are sent in one piece: a statement that locks the row and fails, so that the
 * server goes no further, when the term is another. (In strict mode a column must not become NULL.)
 */
export function requireLeaseSql(connection: MySqlConnection, { lease, namespace }: Scope): string {
  const term = numberLiteral(connection.term);
  return `UPDATE ${lease} SET holder_id = IF(term = ${term}, holder_id, NULL) ` +
    `WHERE namespace = ${namespace}`;
}

/** Whether an error is that of `requireLeaseSql`. */
export function isLeaseLost(error: unknown): boolean {
  return errorNumber(error) === ER_BAD_NULL_ERROR;
}

/** Gives the lease back, if this session has it still. The row stays: terms never fall. */
export async function releaseLease(connection: MySqlConnection, scope: Scope): Promise<void> {
  await transaction(connection, () =>
    connection.change(
      `UPDATE ${scope.lease} SET holder_id = x'', holder = x'', expires_at = UTC_TIMESTAMP(3) ` +
        `WHERE ${ownRow(connection, scope)}`,
    ));
}

/** Why this session has the lease no more. */
export async function lossOf(
  connection: MySqlConnection,
  scope: Scope,
  holder: LeaseHolder | null,
): Promise<Error> {
  const state = await readLease(connection, scope);
  return holder !== null && state?.holder?.id === holder.id
    ? new StaleSession()
    : takenOver(state?.holder ?? null);
}

async function readLease(connection: MySqlConnection, scope: Scope): Promise<LeaseState | null> {
  const [row] = await connection.select(
    "SELECT term, holder, TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(3), expires_at), " +
      `CAST(expires_at AS CHAR) FROM ${scope.lease} WHERE namespace = ${scope.namespace}`,
  );
  if (row === undefined) return null;
  const [term, holder, remaining, renewal] = row;
  return {
    term: Number(term),
    holder: decodeHolder(textOf(holder)),
    remainingMs: Number(remaining) / 1000,
    renewal: textOf(renewal),
  };
}

function insertSql(
  connection: MySqlConnection,
  { lease, namespace }: Scope,
  holder: LeaseHolder,
  term: number,
): string {
  return `INSERT INTO ${lease} SET namespace = ${namespace}, ${takenSql(connection, holder, term)}`;
}

function updateSql(
  connection: MySqlConnection,
  { lease, namespace }: Scope,
  holder: LeaseHolder,
  term: number,
  seen: LeaseState,
): string {
  return `UPDATE ${lease} SET ${takenSql(connection, holder, term)} ` +
    `WHERE namespace = ${namespace} AND term = ${numberLiteral(seen.term)} AND ` +
    `CAST(expires_at AS CHAR) = CAST(${bytesLiteral(Buffer.from(seen.renewal))} AS CHAR)`;
}

function takenSql(connection: MySqlConnection, holder: LeaseHolder, term: number): string {
  return `term = ${numberLiteral(term)}, holder_id = ${idLiteral(holder)}, ` +
    `holder = ${holderLiteral(holder)}, expires_at = ${FROM_NOW}, ${sessionSql(connection)}`;
}

/** What a session is, for whoever has to end it. */
function sessionSql(connection: MySqlConnection): string {
  return `session_id = ${numberLiteral(Number(connection.threadId))}, ` +
    `address = ${bytesLiteral(Buffer.from(connection.address))}`;
}

function ownRow(connection: MySqlConnection, scope: Scope): string {
  return `namespace = ${scope.namespace} AND term = ${numberLiteral(connection.term)}`;
}

function idLiteral(holder: LeaseHolder): string {
  return bytesLiteral(Buffer.from(holder.id));
}

function holderLiteral(holder: LeaseHolder): string {
  return bytesLiteral(Buffer.from(encodeHolder(holder)));
}
