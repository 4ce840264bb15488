import { Buffer } from "node:buffer";
import type { AdminConnection, AdminServer } from "./admin_connection.ts";
import { functionRows, priorityRows, workerRows } from "./rows.ts";
import type { Look } from "./top_view.ts";

/** Asks a server for all that the view shows. `at`: milliseconds since 1970. */
export async function lookAt(
  connection: AdminConnection,
  { host, port }: AdminServer,
  at: number,
): Promise<Look> {
  const version = await connection.ask(Buffer.from("version"), "line");
  const status = await connection.ask(Buffer.from("status"), "list");
  const priorities = await connection.ask(Buffer.from("prioritystatus"), "list");
  const workers = await connection.ask(Buffer.from("workers"), "list");
  return {
    server: `${host}:${port}`,
    version: Buffer.from(version).toString("utf8").replace(/^OK ?/, "").trim(),
    at,
    functions: functionRows(status),
    // Older servers refuse it.
    priorities: Buffer.from(priorities.subarray(0, 4)).toString() === "ERR "
      ? []
      : priorityRows(priorities),
    workers: workerRows(workers),
  };
}
