import type { StoredJob } from "../../../src/plugin_api/mod.ts";
import { assertHolds, withStore } from "./expectations.ts";
import {
  A_MOMENT,
  ALL_BYTES,
  batchOf,
  bytesFrom,
  sampleJob,
  sampleJobs,
  updateOf,
} from "./samples.ts";
import type { StoreTopic } from "./store_case.ts";

const MIB = 1024 * 1024;

export const UPDATING: StoreTopic = {
  name: "updating",
  cases: [
    {
      name: "an update changes attempts, not-before, state and outcome, and nothing else",
      async run(place, store) {
        const full = sampleJob(1, { priority: 2, reducer: "sum", namespace: "n", unique: "u" });
        const jobs = [full, sampleJob(2), sampleJob(3)];
        const outcome = { finishedAt: A_MOMENT, expiresAt: 2 ** 45, result: ALL_BYTES };
        const changes = { attempts: 3, notBefore: 2 ** 33, state: "done", outcome } as const;
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ add: jobs }));
          await opened.commit(batchOf({ update: [updateOf(1, changes)] }));
        });
        await assertHolds(place, store, { jobs: [{ ...full, ...changes }, jobs[1]!, jobs[2]!] });
      },
    },
    {
      name: "every state is kept, with empty and with long results",
      async run(place, store) {
        const states = ["done", "failed", "dead"] as const;
        const outcomes = [0, 1, 100_000].map((length) => ({
          finishedAt: A_MOMENT + length,
          expiresAt: A_MOMENT,
          result: bytesFrom(length, length),
        }));
        const jobs = sampleJobs(4);
        const changed: StoredJob[] = states.map((state, i) => ({
          ...jobs[i]!,
          state,
          outcome: outcomes[i]!,
        }));
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ add: jobs }));
          await opened.commit(batchOf({ update: changed.map((job) => updateOf(job.key, job)) }));
        });
        await assertHolds(place, store, { jobs: [...changed, jobs[3]!] });
      },
    },
    {
      name: "results as large as the server keeps them come back, many in one commit",
      async run(place, store) {
        const size = Math.min(MIB, store.maxWorkloadBytes);
        const jobs = sampleJobs(16);
        const ends = jobs.map(({ key }) => ({
          state: "done" as const,
          outcome: { finishedAt: A_MOMENT, expiresAt: A_MOMENT, result: bytesFrom(key, size) },
        }));
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ add: jobs }));
          const update = ends.map((end, i) => updateOf(jobs[i]!.key, end));
          await opened.commit(batchOf({ update }));
        });
        await assertHolds(place, store, { jobs: jobs.map((job, i) => ({ ...job, ...ends[i]! })) });
      },
    },
    {
      name: "the last update counts, also one that makes the job queued again",
      async run(place, store) {
        const jobs = sampleJobs(2);
        const outcome = { finishedAt: A_MOMENT, expiresAt: A_MOMENT, result: new Uint8Array(9) };
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ add: jobs }));
          await opened.commit(batchOf({ update: [updateOf(1, { state: "dead", outcome })] }));
          await opened.commit(batchOf({ update: [updateOf(1, { attempts: 1 })] }));
          await opened.commit(batchOf({ update: [updateOf(2, { attempts: 9, notBefore: 5 })] }));
          await opened.commit(batchOf({ update: [updateOf(2, { attempts: 1, notBefore: 0 })] }));
        });
        await assertHolds(place, store, { jobs: jobs.map((job) => ({ ...job, attempts: 1 })) });
      },
    },
    {
      name: "updating an unknown key is fine and makes no job",
      async run(place, store) {
        const jobs = sampleJobs(2);
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ add: jobs }));
          await opened.commit(
            batchOf({ update: [updateOf(99, { attempts: 1 }), updateOf(2, { attempts: 4 })] }),
          );
        });
        await assertHolds(place, store, { jobs: [jobs[0]!, { ...jobs[1]!, attempts: 4 }] });
      },
    },
  ],
};
