import { assertHolds, withStore } from "./expectations.ts";
import { ALL_NAME_BYTES, batchOf, sampleJob } from "./samples.ts";
import type { StoreTopic } from "./store_case.ts";

/** Text that databases like to take for something else; as bytes they are all different. */
const TRICKY = [
  "a",
  "A",
  "a ",
  " a",
  "a\t",
  "ä",
  "Ã¤", // "ä" in UTF-8, one character per byte
  "\xff\xfe",
  "\xc3", // UTF-8 cut off in the middle
  "\xed\xa0\x80", // a surrogate, which UTF-8 must not have
  "\x80\x81\x9f", // windows-1252 would change these
  "%",
  "_",
  "*",
  "'; DROP TABLE jobs; --",
  "\\",
  "\\x00",
  "${x}",
  "NULL",
  "0",
  "-",
  "a-b-c",
  "\r\n",
];

export const NAMES: StoreTopic = {
  name: "names",
  cases: [
    {
      name: "names may have every byte but NUL",
      async run(place, store) {
        const job = sampleJob(1, {
          functionName: ALL_NAME_BYTES,
          reducer: ALL_NAME_BYTES,
          namespace: ALL_NAME_BYTES,
          unique: ALL_NAME_BYTES.slice(191),
          handle: ALL_NAME_BYTES.slice(100, 164),
        });
        const single = [...ALL_NAME_BYTES].map((byte, i) =>
          sampleJob(i + 2, { functionName: byte, unique: byte })
        );
        const jobs = [job, ...single];
        await withStore(place, (opened) => opened.commit(batchOf({ add: jobs })));
        await assertHolds(place, store, { jobs });
      },
    },
    {
      name: "names are bytes, not text: none is taken for another",
      async run(place, store) {
        const jobs = TRICKY.flatMap((name, i) => [
          sampleJob(2 * i + 1, { functionName: name, unique: name.slice(0, 64) }),
          sampleJob(2 * i + 2, { functionName: "f", unique: "u", reducer: name, namespace: name }),
        ]);
        await withStore(place, async (opened) => {
          for (const job of jobs) await opened.commit(batchOf({ add: [job] }));
        });
        await assertHolds(place, store, { jobs });
      },
    },
    {
      name: "names come back whole: unique IDs of 0 to 64 bytes, functions of several KiB",
      async run(place, store) {
        const jobs = [0, 1, 62, 63, 64].map((length, i) =>
          sampleJob(i + 1, { unique: "u".repeat(length), handle: "H".repeat(64 - i) })
        );
        const long = [255, 256, 300, 8192].map((length, i) =>
          sampleJob(i + 10, { functionName: "f".repeat(length), reducer: "r".repeat(length) })
        );
        await withStore(place, (opened) => opened.commit(batchOf({ add: [...jobs, ...long] })));
        await assertHolds(place, store, { jobs: [...jobs, ...long] });
      },
    },
  ],
};
