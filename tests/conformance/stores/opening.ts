import assert from "node:assert/strict";
import { assertHolds, assertRefuses, replayed, withStore } from "./expectations.ts";
import { batchOf, recordOf, sampleJobs } from "./samples.ts";
import type { StoreTopic } from "./store_case.ts";

export const OPENING: StoreTopic = {
  name: "opening and closing",
  cases: [
    {
      name: "traits are what the author says, and sensible",
      async run(place, store) {
        await withStore(place, ({ traits }) => {
          assert.equal(traits.durability, store.durability);
          assert.equal(traits.maxWorkloadBytes, store.maxWorkloadBytes);
          assert(Number.isSafeInteger(traits.maxWorkloadBytes) && traits.maxWorkloadBytes > 0);
          assert.match(traits.description, /^[\x20-\x7e]+$/, "one line of text");
          return Promise.resolve();
        });
      },
    },
    {
      name: "what is kept stays the same over many openings",
      async run(place, store) {
        const jobs = sampleJobs(6);
        for (const job of jobs) {
          await withStore(place, async (opened) => {
            await replayed(opened);
            await opened.commit(batchOf({ add: [job], put: [recordOf("count", `${job.key}`)] }));
          });
        }
        const expected = { jobs, records: { count: recordOf("", "6").value! } };
        await assertHolds(place, store, expected);
        await assertHolds(place, store, expected);
      },
    },
    {
      name: "a replay that is not read to its end keeps nothing from closing",
      async run(place, store) {
        const jobs = sampleJobs(2500);
        await withStore(place, (opened) => opened.commit(batchOf({ add: jobs })));
        await withStore(place, async (opened) => {
          for await (const page of opened.replay()) if (page.jobs.length > 0) break;
          await opened.commit(batchOf({ remove: [1] }));
        });
        await assertHolds(place, store, { jobs: jobs.slice(1) });
      },
    },
    {
      name: "closing waits for the commit under way",
      async run(place, store) {
        const jobs = sampleJobs(3000);
        const opened = await place.open();
        const committed = opened.commit(batchOf({ add: jobs }));
        await opened.close();
        await committed;
        await assertHolds(place, store, { jobs });
      },
    },
    {
      name: "closing twice is fine, and a closed store refuses everything",
      async run(place) {
        const opened = await place.open();
        await Promise.all([opened.close(), opened.close()]);
        await opened.close();
        await assertRefuses(opened.commit(batchOf({ add: sampleJobs(1) })), "CLOSED");
        await assertRefuses(replayed(opened), "CLOSED");
      },
    },
  ],
};
