import type { JobServer, ReplayedJob } from "../core/mod.ts";
import { type JobStore, NEXT_HANDLE_RECORD, NEXT_KEY_RECORD } from "../plugin_api/mod.ts";
import { numberIn } from "./number_reserve.ts";

/**
 * Takes up what the store holds: numbers first, then every unfinished job in accept order.
 * Answers how many jobs there were.
 */
export async function replay(
  store: JobStore,
  jobServer: JobServer,
  now: () => number,
): Promise<number> {
  let count = 0;
  for await (const page of store.replay()) {
    for (const record of page.records) {
      if (record.name === NEXT_HANDLE_RECORD) jobServer.raiseNumbers(numberIn(record), 1);
      if (record.name === NEXT_KEY_RECORD) jobServer.raiseNumbers(1, numberIn(record));
    }
    for (const job of page.jobs) {
      if (job.state !== "queued") continue;
      jobServer.replay(job satisfies ReplayedJob, now());
      count++;
    }
  }
  return count;
}
