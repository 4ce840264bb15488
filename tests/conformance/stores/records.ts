import type { NamedRecord } from "../../../src/plugin_api/mod.ts";
import { assertHolds, withStore } from "./expectations.ts";
import { ALL_BYTES, batchOf, bytesFrom, recordOf } from "./samples.ts";
import type { StoreTopic } from "./store_case.ts";

function byName(records: readonly NamedRecord[]): Record<string, Uint8Array> {
  return Object.fromEntries(records.map(({ name, value }) => [name, value!]));
}

export const RECORDS: StoreTopic = {
  name: "records",
  cases: [
    {
      name: "a record is put, replaced and removed",
      async run(place, store) {
        const put = (...records: NamedRecord[]) =>
          withStore(place, (opened) => opened.commit(batchOf({ put: records })));
        await put(recordOf("a", "one"), recordOf("b", "two"), recordOf("c", "three"));
        await put(recordOf("b", "a longer value"), recordOf("c", null), recordOf("d", null));
        const kept = [recordOf("a", "one"), recordOf("b", "a longer value")];
        await assertHolds(place, store, { records: byName(kept) });
      },
    },
    {
      name: "values of any bytes and of 0 bytes to 1 MiB come back",
      async run(place, store) {
        const records = [
          recordOf("empty", new Uint8Array(0)),
          recordOf("all bytes", ALL_BYTES),
          recordOf("largest", bytesFrom(1, 1024 * 1024)),
        ];
        await withStore(place, (opened) => opened.commit(batchOf({ put: records })));
        await assertHolds(place, store, { records: byName(records) });
      },
    },
    {
      name: "names that differ only in case or in spaces are different names",
      async run(place, store) {
        const names = ["a", "A", "a ", " a", "%", "_", "'", '"', "\\", "~", "x".repeat(200)];
        const records = names.map((name) => recordOf(name, `value of ${name}`));
        await withStore(place, (opened) => opened.commit(batchOf({ put: records })));
        await withStore(place, (opened) => opened.commit(batchOf({ put: [recordOf("a", null)] })));
        await assertHolds(place, store, { records: byName(records.slice(1)) });
      },
    },
    {
      name: "many records come back, before any job",
      async run(place, store) {
        const records = Array.from(
          { length: 2500 },
          (_, i) => recordOf(`record ${i}`, bytesFrom(i, i % 50)),
        );
        await withStore(place, (opened) => opened.commit(batchOf({ put: records })));
        await assertHolds(place, store, { records: byName(records) });
      },
    },
  ],
};
