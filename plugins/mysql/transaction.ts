import type { MySqlConnection } from "./connection.ts";

/** Statements of one transaction, sent in one piece: one round trip, however many there are. */
export async function transactionOf(
  connection: MySqlConnection,
  statements: readonly string[],
): Promise<void> {
  try {
    await connection.changeAll([...statements, "COMMIT"]);
  } catch (error) {
    await connection.change("ROLLBACK").catch(() => {});
    throw error;
  }
}

/**
 * Everything that `work` does, committed when it settles, rolled back when it fails. The session has
 * autocommit off, so the first statement begins a transaction: that saves a round trip.
 */
export async function transaction<T>(
  connection: MySqlConnection,
  work: () => Promise<T>,
): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // If even this fails the session is lost, and its transaction with it: the first error says more.
    await connection.change("ROLLBACK").catch(() => {});
    throw error;
  }
  await connection.change("COMMIT");
  return result;
}
