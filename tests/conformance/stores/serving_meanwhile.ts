import assert from "node:assert/strict";
import type { StoredJob } from "../../../src/plugin_api/mod.ts";
import { assertHolds, assertSameJobs, assertWithinLimits, withStore } from "./expectations.ts";
import { batchOf, sampleJobs, updateOf } from "./samples.ts";
import type { StoreTopic } from "./store_case.ts";

/** The server takes and finishes jobs while the replay of a large queue is still running. */
export const SERVING_MEANWHILE: StoreTopic = {
  name: "commits during a replay",
  cases: [
    {
      name: "each old job comes exactly once, new ones do not come",
      async run(place, store) {
        const old = sampleJobs(3500);
        const recent = sampleJobs(3500, 10_000);
        await withStore(place, (opened) => opened.commit(batchOf({ add: old })));
        const seen: StoredJob[] = [];
        await withStore(place, async (opened) => {
          let added = 0;
          for await (const page of opened.replay()) {
            assertWithinLimits(page);
            seen.push(...page.jobs);
            const done = page.jobs.filter(({ key }) => key % 2 === 0).map(({ key }) => key);
            const add = recent.slice(added, added += 700);
            await opened.commit(batchOf({ add, remove: done }));
            await opened.commit(batchOf({
              update: page.jobs.filter(({ key }) => key % 7 === 1).map(({ key }) =>
                updateOf(key, { attempts: 1 })
              ),
            }));
          }
          await opened.commit(batchOf({ add: recent.slice(added) }));
        });
        assertSameJobs(seen, store.durability === "nothing" ? [] : old);
        await assertHolds(place, store, {
          jobs: [
            ...old.filter(({ key }) => key % 2 === 1)
              .map((job) => job.key % 7 === 1 ? { ...job, attempts: 1 } : job),
            ...recent,
          ],
        });
      },
    },
    {
      name: "jobs committed before the replay begins are not yielded, old ones are",
      async run(place, store) {
        const old = sampleJobs(3);
        await withStore(place, (opened) => opened.commit(batchOf({ add: old })));
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ add: sampleJobs(2, 50) }));
          const keys: number[] = [];
          for await (const page of opened.replay()) keys.push(...page.jobs.map(({ key }) => key));
          assert.deepEqual(keys, store.durability === "nothing" ? [] : [1, 2, 3]);
        });
      },
    },
  ],
};
