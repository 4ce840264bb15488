import { type MySqlConnection, textOf } from "./connection.ts";
import { failureOf } from "./faults.ts";
import { numberLiteral } from "./scope.ts";

/**
 * Address of a session's other end as the server knows it; empty when there is no such session. Asked for by
 * SHOW PROCESSLIST, because MySQL means to remove the table behind it. Every user sees sessions of its own.
 */
export async function addressOfSession(connection: MySqlConnection, id: number): Promise<string> {
  const sessions = await connection.select("SHOW PROCESSLIST");
  const found = sessions.find((session) => Number(session[ID]) === id);
  return textOf(found?.[HOST]);
}

/** Places of columns. */
const ID = 0;
const HOST = 2;

/**
 * Ends a session that may still be at work, so that its locks are free at once. What keeps its late writes
 * out is the term; this only shortens the wait. A server numbers sessions anew when it starts, so the
 * address is compared too. Every user may end sessions of its own.
 */
export async function killSession(
  connection: MySqlConnection,
  id: number,
  address: string,
): Promise<void> {
  if (!(id > 0) || address === "" || id === Number(connection.threadId)) return;
  if (await addressOfSession(connection, id) !== address) return;
  try {
    await connection.change(`KILL CONNECTION ${numberLiteral(id)}`);
  } catch (error) {
    // It may have ended meanwhile, or a proxy may not let us. Only a lost session matters here.
    if (failureOf(error).lost) throw error;
  }
}
