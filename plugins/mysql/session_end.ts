import { Buffer } from "node:buffer";
import type { MySqlConnection } from "./connection.ts";
import { classify } from "./faults.ts";
import { bytesLiteral, numberLiteral } from "./scope.ts";

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
  const found = await connection.select(
    `SELECT 1 FROM information_schema.processlist WHERE id = ${numberLiteral(id)} ` +
      `AND host = ${bytesLiteral(Buffer.from(address))}`,
  );
  if (found.length === 0) return;
  try {
    await connection.change(`KILL CONNECTION ${numberLiteral(id)}`);
  } catch (error) {
    // It may have ended meanwhile, or a proxy may not let us. Only a lost session matters here.
    if (classify(error).lost) throw error;
  }
}
