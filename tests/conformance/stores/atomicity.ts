import { assertHolds, assertRefuses, withStore } from "./expectations.ts";
import { batchOf, recordOf, sampleJob, sampleJobs, updateOf } from "./samples.ts";
import type { StoreTopic, StoreUnderTest } from "./store_case.ts";

/** More bytes than this cannot be asked of every machine, even if nobody writes to them. */
const TOO_MUCH = 2 ** 30;

function canBeExceeded({ maxWorkloadBytes }: StoreUnderTest): boolean {
  return maxWorkloadBytes < TOO_MUCH;
}

export const ATOMICITY: StoreTopic = {
  name: "all or none",
  cases: [
    {
      name: "all parts of a batch take effect together",
      async run(place, store) {
        const jobs = sampleJobs(5);
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ add: jobs.slice(0, 3), put: [recordOf("old", "x")] }));
          await opened.commit({
            add: jobs.slice(3),
            update: [updateOf(2, { attempts: 1 })],
            remove: [1],
            put: [recordOf("old", null), recordOf("new", "y")],
          });
        });
        await assertHolds(place, store, {
          jobs: [{ ...jobs[1]!, attempts: 1 }, ...jobs.slice(2)],
          records: { new: recordOf("", "y").value! },
        });
      },
    },
    {
      name: "nothing of a batch is kept when one of its jobs is too large",
      concerns: canBeExceeded,
      async run(place, store) {
        const jobs = sampleJobs(2);
        // Never written to, so the system need not find memory for it.
        const tooLarge = new Uint8Array(store.maxWorkloadBytes + 1);
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ add: jobs, put: [recordOf("mark", "1")] }));
          const batch = {
            add: [sampleJob(3), sampleJob(4, { workload: tooLarge }), sampleJob(5)],
            update: [updateOf(1, { attempts: 1 })],
            remove: [2],
            put: [recordOf("mark", "2")],
          };
          await assertRefuses(opened.commit(batch), "TOO_LARGE");
        });
        await assertHolds(place, store, { jobs, records: { mark: recordOf("", "1").value! } });
      },
    },
    {
      name: "a refused batch leaves the store ready for the next one",
      concerns: canBeExceeded,
      async run(place, store) {
        const tooLarge = new Uint8Array(store.maxWorkloadBytes + 1);
        await withStore(place, async (opened) => {
          const refused = batchOf({ add: [sampleJob(1, { workload: tooLarge })] });
          await assertRefuses(opened.commit(refused), "TOO_LARGE");
          await opened.commit(batchOf({ add: [sampleJob(2)] }));
        });
        await assertHolds(place, store, { jobs: [sampleJob(2)] });
      },
    },
  ],
};
