import { assertHolds, withStore } from "./expectations.ts";
import { A_MOMENT, batchOf, recordOf, sampleJob, sampleJobs, updateOf } from "./samples.ts";
import type { StoreTopic } from "./store_case.ts";

const DONE = { finishedAt: A_MOMENT, expiresAt: A_MOMENT + 1, result: new Uint8Array(3) };

/** A commit whose answer was lost is sent again: the second one must change nothing. */
export const REPEATING: StoreTopic = {
  name: "repeated commits",
  cases: [
    {
      name: "a batch may be repeated, at once and after the store was opened again",
      async run(place, store) {
        const jobs = sampleJobs(4);
        const first = batchOf({ add: jobs.slice(0, 3), put: [recordOf("limit", "7")] });
        const second = batchOf({
          add: jobs.slice(3),
          update: [updateOf(1, { attempts: 2 })],
          remove: [2],
          put: [recordOf("limit", "8"), recordOf("pause", null)],
        });
        for (let opening = 0; opening < 2; opening++) {
          await withStore(place, async (opened) => {
            if (opening === 0) await opened.commit(first);
            await opened.commit(second);
            await opened.commit(second);
          });
        }
        await assertHolds(place, store, {
          jobs: [{ ...jobs[0]!, attempts: 2 }, jobs[2]!, jobs[3]!],
          records: { limit: recordOf("", "8").value! },
        });
      },
    },
    {
      name: "adding a known key again changes nothing, beside new ones too",
      async run(place, store) {
        const jobs = sampleJobs(30);
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ add: jobs.slice(0, 10) }));
          const other = jobs.map((job) =>
            job.key > 10 ? job : sampleJob(job.key, { unique: "no" })
          );
          await opened.commit(batchOf({ add: other }));
        });
        await assertHolds(place, store, { jobs });
      },
    },
    {
      name: "adding a known key again does not undo an update",
      async run(place, store) {
        const jobs = sampleJobs(2);
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ add: jobs }));
          await opened.commit(batchOf({ update: [updateOf(1, { state: "done", outcome: DONE })] }));
          await opened.commit(batchOf({ add: jobs }));
        });
        await assertHolds(place, store, {
          jobs: [{ ...jobs[0]!, state: "done", outcome: DONE }, jobs[1]!],
        });
      },
    },
  ],
};
