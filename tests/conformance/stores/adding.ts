import { assertHolds, withStore } from "./expectations.ts";
import { A_MOMENT, batchOf, sampleJob, sampleJobs } from "./samples.ts";
import type { StoreTopic } from "./store_case.ts";

export const ADDING: StoreTopic = {
  name: "adding and replaying",
  cases: [
    {
      name: "a new store holds nothing",
      async run(place, store) {
        await assertHolds(place, store, {});
      },
    },
    {
      name: "an empty batch settles",
      async run(place, store) {
        await withStore(place, (opened) => opened.commit(batchOf({})));
        await assertHolds(place, store, {});
      },
    },
    {
      name: "every field of a job comes back as it was",
      async run(place, store) {
        const jobs = [
          sampleJob(1),
          sampleJob(2, { priority: 0, unique: "-", notBefore: 1_900_000_000 }),
          sampleJob(3, { priority: 2, functionName: "", unique: "", reducer: "sum" }),
          sampleJob(4, { namespace: "second server", attempts: 7, acceptedAt: 0 }),
          sampleJob(5, {
            state: "failed",
            attempts: 3,
            outcome: {
              finishedAt: A_MOMENT,
              expiresAt: A_MOMENT + 86_400_000,
              result: new Uint8Array([1, 0, 2]),
            },
          }),
        ];
        await withStore(place, (opened) => opened.commit(batchOf({ add: jobs })));
        await assertHolds(place, store, { jobs });
      },
    },
    {
      name: "numbers beyond 32 bits come back as they were",
      async run(place, store) {
        const most = Number.MAX_SAFE_INTEGER;
        const jobs = [
          sampleJob(2 ** 31, { notBefore: 2 ** 31 }),
          sampleJob(2 ** 32 + 1, { notBefore: 2 ** 32 + 1, attempts: 2 ** 31 }),
          sampleJob(most, { notBefore: most, acceptedAt: most }),
        ];
        await withStore(place, (opened) => opened.commit(batchOf({ add: jobs })));
        await assertHolds(place, store, { jobs });
      },
    },
    {
      name: "jobs come back by rising keys, in whatever order they were written",
      async run(place, store) {
        const jobs = sampleJobs(9);
        const inOrder = (...keys: number[]) => keys.map((key) => jobs[key - 1]!);
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ add: inOrder(3, 1, 2) }));
          await opened.commit(batchOf({ add: inOrder(9, 8) }));
          await opened.commit(batchOf({ add: inOrder(4, 7, 6, 5) }));
        });
        await assertHolds(place, store, { jobs });
      },
    },
    {
      name: "jobs with the same function and unique ID are kept apart",
      async run(place, store) {
        const jobs = ["", "", "-", "-", "same", "same"].map((unique, i) =>
          sampleJob(i + 1, { unique })
        );
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ add: jobs.slice(0, 3) }));
          await opened.commit(batchOf({ add: jobs.slice(3) }));
          await opened.commit(batchOf({ remove: [1, 5] }));
        });
        await assertHolds(place, store, { jobs: [jobs[1]!, jobs[2]!, jobs[3]!, jobs[5]!] });
      },
    },
  ],
};
