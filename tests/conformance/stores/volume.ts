import type { StoredJob } from "../../../src/plugin_api/mod.ts";
import { assertHolds, withStore } from "./expectations.ts";
import {
  A_MOMENT,
  batchOf,
  bytesFrom,
  recordOf,
  sampleJob,
  sampleJobs,
  updateOf,
} from "./samples.ts";
import type { StoreTopic } from "./store_case.ts";

const BATCH = 1000;
/** The server's largest commit (`Limits.maxCommitJobs`). */
const SERVER_BATCH = 10_000;

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
      name: "a commit of ten thousand jobs, each with a record of its own, and their outcomes",
      async run(place, store) {
        const jobs = sampleJobs(SERVER_BATCH);
        const recordsOf = (value: string | null) =>
          jobs.map(({ key }) => recordOf(`job/${key}`, value));
        const outcome = { finishedAt: A_MOMENT, expiresAt: A_MOMENT, result: bytesFrom(1, 20) };
        const [removed, kept] = [jobs.slice(10), jobs.slice(0, 10)];
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ add: jobs, put: recordsOf("extras") }));
          const update = jobs.map(({ key }) => updateOf(key, { state: "done", outcome }));
          await opened.commit(batchOf({ update, put: recordsOf("extras and end") }));
          const put = removed.map(({ key }) => recordOf(`job/${key}`, null));
          await opened.commit(batchOf({ remove: removed.map(({ key }) => key), put }));
        });
        await assertHolds(place, store, {
          jobs: kept.map((job) => ({ ...job, state: "done", outcome })),
          records: Object.fromEntries(
            kept.map(({ key }) => [`job/${key}`, recordOf("", "extras and end").value!]),
          ),
        });
      },
    },
    {
      name: "pages stay small when results are large",
      async run(place, store) {
        const jobs = sampleJobs(40);
        const outcomeOf = (key: number) => ({
          finishedAt: A_MOMENT,
          expiresAt: A_MOMENT,
          result: bytesFrom(key, 300_000),
        });
        const changes = ({ key }: StoredJob) =>
          ({ state: "failed", outcome: outcomeOf(key) }) as const;
        await withStore(place, async (opened) => {
          await opened.commit(batchOf({ add: jobs }));
          await opened.commit(
            batchOf({ update: jobs.map((job) => updateOf(job.key, changes(job))) }),
          );
        });
        await assertHolds(place, store, { jobs: jobs.map((job) => ({ ...job, ...changes(job) })) });
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
