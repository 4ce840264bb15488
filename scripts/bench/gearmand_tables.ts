import type { DatabaseKind } from "./databases.ts";
import { FUNCTION_NAME } from "./generator/submissions.ts";

const UNIQUE_BEGIN = "00000000-0000-4000-8000-";
const COLUMNS = "unique_key, function_name, priority, data, when_to_run";

/**
 * What fills a database as C gearmand itself would have, with `jobs` background jobs: statements for
 * the database's own client. `name`: the prefix in Redis.
 */
export function gearmandRows(
  database: DatabaseKind,
  name: string,
  jobs: number,
  workloadBytes: number,
): string {
  switch (database) {
    case "mysql":
      return `CREATE TABLE gearman_queue (unique_key VARCHAR(64), function_name VARCHAR(255),
          priority INT, data LONGBLOB, when_to_run INT, UNIQUE KEY (unique_key, function_name));
        INSERT INTO gearman_queue (${COLUMNS})
          SELECT CONCAT('${UNIQUE_BEGIN}', LPAD(seq, 12, '0')), '${FUNCTION_NAME}', 1,
            REPEAT('w', ${workloadBytes}), 0 FROM seq_1_to_${jobs};`;
    case "postgres":
      return `CREATE TABLE queue (unique_key VARCHAR(64), function_name VARCHAR(255),
          priority INTEGER, data BYTEA, when_to_run INTEGER, UNIQUE (unique_key, function_name));
        INSERT INTO queue (${COLUMNS})
          SELECT '${UNIQUE_BEGIN}' || lpad(i::text, 12, '0'), '${FUNCTION_NAME}', 1,
            repeat('w', ${workloadBytes})::bytea, 0 FROM generate_series(1, ${jobs}) AS i;`;
    case "redis":
      return `EVAL "for i = 1, ${jobs} do redis.call('HSET', ` +
        `'${name}-${FUNCTION_NAME}-${UNIQUE_BEGIN}' .. string.format('%012d', i), ` +
        `'data', string.rep('w', ${workloadBytes}), 'priority', '1') end" 0`;
  }
}
