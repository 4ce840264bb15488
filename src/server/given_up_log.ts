import { EndWatch } from "./end_watch.ts";
import type { ServerLogLevel } from "./server_parts.ts";

/**
 * Says which jobs came back too often (`--job-retries`) and are given up. Of a background job nobody
 * else is told: it was acknowledged, so that is an error.
 */
export function givenUpLog(log: (level: ServerLogLevel, text: string) => void): EndWatch {
  return new EndWatch((job, end) => {
    if (end !== "worker lost") return;
    const { handle, unique, queue, attempts, background } = job;
    // Begins as gearmand's line.
    const text = `Dropped job due to max retry count: ${handle} ${unique} ` +
      `(function ${queue.name}, attempts ${attempts})`;
    log(background ? "ERROR" : "NOTICE", text);
  });
}
