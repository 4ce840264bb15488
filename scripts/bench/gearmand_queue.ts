import { FUNCTION_NAME } from "./generator/submissions.ts";

/** Writes a queue file as C gearmand's SQLite module would have, with `jobs` background jobs. */
export async function fillGearmandQueue(
  path: string,
  jobs: number,
  workloadBytes: number,
): Promise<void> {
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path);
  try {
    database.exec(
      `CREATE TABLE gearman_queue ( unique_key TEXT, function_name TEXT, priority INTEGER,
         data BLOB, when_to_run INTEGER, PRIMARY KEY (unique_key, function_name))`,
    );
    database.exec("BEGIN");
    const insert = database.prepare(
      `INSERT INTO gearman_queue (unique_key, function_name, priority, data, when_to_run)
         VALUES (?, ?, 1, ?, 0)`,
    );
    const workload = new Uint8Array(workloadBytes).fill(119);
    for (let i = 1; i <= jobs; i++) {
      insert.run(`00000000-0000-4000-8000-${`${i}`.padStart(12, "0")}`, FUNCTION_NAME, workload);
    }
    database.exec("COMMIT");
  } finally {
    database.close();
  }
}
