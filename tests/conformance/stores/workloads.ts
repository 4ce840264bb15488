import { assertHolds, withStore } from "./expectations.ts";
import { A_MOMENT, ALL_BYTES, batchOf, bytesFrom, sampleJob, updateOf } from "./samples.ts";
import type { StoreTopic } from "./store_case.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

/** Around the limits of length fields, pages and column types. */
const SIZES = [0, 1, 2, 127, 128, 255, 256, 4095, 4096, 4097, 65_535, 65_536, 65_537, MIB];

export const WORKLOADS: StoreTopic = {
  name: "workloads",
  cases: [
    {
      name: "workloads of 0 bytes to 1 MiB come back byte by byte",
      async run(place, store) {
        const jobs = SIZES.map((size, i) => sampleJob(i + 1, { workload: bytesFrom(size, size) }));
        await withStore(place, (opened) => opened.commit(batchOf({ add: jobs })));
        await assertHolds(place, store, { jobs });
      },
    },
    {
      name: "workloads of several MiB come back byte by byte",
      async run(place, store) {
        const largest = Math.min(store.maxWorkloadBytes, 20 * MIB);
        const jobs = [3 * MIB + 1, 5 * MIB, largest].filter((size) => size <= largest)
          .map((size, i) => sampleJob(i + 1, { workload: bytesFrom(size, size) }));
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ add: jobs }));
          await opened.commit(batchOf({ update: [updateOf(1, { attempts: 1 })] }));
        });
        await assertHolds(place, store, {
          jobs: jobs.map((job) => job.key === 1 ? { ...job, attempts: 1 } : job),
        });
      },
    },
    {
      name: "workloads may have every byte, NUL too, at every place",
      async run(place, store) {
        const jobs = [
          ALL_BYTES,
          ALL_BYTES.toReversed(),
          new Uint8Array(1),
          new Uint8Array([0, 1, 2]),
          new Uint8Array([1, 2, 0]),
          new Uint8Array([1, 0, 2, 0, 0]),
          new Uint8Array([0xef, 0xbb, 0xbf, 0x61]), // a byte order mark
        ].map((workload, i) => sampleJob(i + 1, { workload }));
        await withStore(place, (opened) => opened.commit(batchOf({ add: jobs })));
        await assertHolds(place, store, { jobs });
      },
    },
    {
      name: "a workload may be a part of a larger buffer, which is used again after the commit",
      async run(place, store) {
        const buffer = bytesFrom(1, 1000);
        const expected = sampleJob(1, { workload: buffer.slice(100, 300) });
        const result = buffer.slice(500, 600);
        const outcome = { finishedAt: A_MOMENT, expiresAt: A_MOMENT, result };
        await withStore(place, async (opened) => {
          const workload = buffer.subarray(100, 300);
          await opened.commit(batchOf({ add: [sampleJob(1, { workload })] }));
          const kept = { ...outcome, result: buffer.subarray(500, 600) };
          await opened.commit(batchOf({ update: [updateOf(1, { state: "done", outcome: kept })] }));
          buffer.fill(0);
        });
        await assertHolds(place, store, { jobs: [{ ...expected, state: "done", outcome }] });
      },
    },
  ],
};
