import assert from "node:assert/strict";
import { highWaterFrom, recordsOfHighWater } from "../../../src/plugin_api/mod.ts";
import { replayed, withStore } from "./expectations.ts";
import { batchOf, sampleJob } from "./samples.ts";
import type { StorePlace, StoreTopic } from "./store_case.ts";

/** Keys and handles are never used twice because these records are never lost or set back. */
export const HIGH_WATER: StoreTopic = {
  name: "high-water marks",
  cases: [
    {
      name: "marks are kept with the jobs of their batch, also when all jobs are gone",
      async run(place, store) {
        const marks = [
          { nextKey: 1001, nextHandle: 501 },
          { nextKey: 2001, nextHandle: 2 ** 33 },
          { nextKey: Number.MAX_SAFE_INTEGER, nextHandle: Number.MAX_SAFE_INTEGER },
        ];
        for (const [i, mark] of marks.entries()) {
          await withStore(place, async (opened) => {
            await opened.commit(
              batchOf({ add: [sampleJob(i + 1)], put: recordsOfHighWater(mark) }),
            );
            await opened.commit(batchOf({ remove: [i + 1] }));
          });
          const nothing = { nextKey: 1, nextHandle: 1 };
          assert.deepEqual(await marksIn(place), store.durability === "nothing" ? nothing : mark);
        }
      },
    },
  ],
};

async function marksIn(place: StorePlace): Promise<unknown> {
  let marks: unknown;
  await withStore(place, async (opened) => {
    const { records } = await replayed(opened);
    marks = highWaterFrom([...records].map(([name, value]) => ({ name, value })));
  });
  return marks;
}
