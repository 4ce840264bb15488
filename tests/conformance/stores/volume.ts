import { assertHolds, withStore } from "./expectations.ts";
import { batchOf, bytesFrom, sampleJob, sampleJobs } from "./samples.ts";
import type { StoreTopic } from "./store_case.ts";

const BATCH = 1000;

export const VOLUME: StoreTopic = {
  name: "large numbers",
  cases: [
    {
      name: "twenty thousand jobs come back in pages, those that are left",
      async run(place, store) {
        const jobs = sampleJobs(20_000);
        await withStore(place, async (opened) => {
          for (let at = 0; at < jobs.length; at += BATCH) {
            await opened.commit(batchOf({ add: jobs.slice(at, at + BATCH) }));
          }
          const even = jobs.filter(({ key }) => key % 2 === 0).map(({ key }) => key);
          for (let at = 0; at < even.length; at += BATCH) {
            await opened.commit(batchOf({ remove: even.slice(at, at + BATCH) }));
          }
        });
        await assertHolds(place, store, { jobs: jobs.filter(({ key }) => key % 2 === 1) });
      },
    },
    {
      name: "pages stay small when workloads are large",
      async run(place, store) {
        const jobs = Array.from(
          { length: 40 },
          (_, i) => sampleJob(i + 1, { workload: bytesFrom(i, 300_000) }),
        );
        await withStore(place, (opened) => opened.commit(batchOf({ add: jobs })));
        await assertHolds(place, store, { jobs });
      },
    },
    {
      name: "five hundred commits of one job each come back",
      async run(place, store) {
        const jobs = sampleJobs(500);
        await withStore(place, async (opened) => {
          for (const job of jobs) await opened.commit(batchOf({ add: [job] }));
        });
        await assertHolds(place, store, { jobs });
      },
    },
  ],
};
