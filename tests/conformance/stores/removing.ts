import { assertHolds, withStore } from "./expectations.ts";
import { batchOf, sampleJobs } from "./samples.ts";
import type { StoreTopic } from "./store_case.ts";

export const REMOVING: StoreTopic = {
  name: "removing",
  cases: [
    {
      name: "a removed job does not come back",
      async run(place, store) {
        const jobs = sampleJobs(40);
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ add: jobs }));
          await opened.commit(batchOf({ remove: [1] }));
          await opened.commit(batchOf({ remove: jobs.slice(20).map(({ key }) => key) }));
        });
        await assertHolds(place, store, { jobs: jobs.slice(1, 20) });
        await withStore(place, (opened) => opened.commit(batchOf({ remove: [2] })));
        await assertHolds(place, store, { jobs: jobs.slice(2, 20) });
      },
    },
    {
      name: "removing an unknown key is fine and touches no other job",
      async run(place, store) {
        const jobs = sampleJobs(3);
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ remove: [1, 2, 3] }));
          await opened.commit(batchOf({ add: jobs }));
          await opened.commit(batchOf({ remove: [4, 2, 1000, 2 ** 40] }));
          await opened.commit(batchOf({ remove: [2] }));
        });
        await assertHolds(place, store, { jobs: [jobs[0]!, jobs[2]!] });
      },
    },
  ],
};
