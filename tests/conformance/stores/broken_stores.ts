import type { StoredJob } from "../../../src/plugin_api/mod.ts";
import {
  AbandoningOnClose,
  AcceptingTooMuch,
  AddingByUpdate,
  Aliasing,
  AsText,
  ClosingOnce,
  CountingPages,
  Doubling,
  FoldingRecordNames,
  ForgettingRemovals,
  ForgettingUpdates,
  HalfBatches,
  InWriteOrder,
  KeepingOldRecords,
  KeepingOutcomes,
  KeepingRemovedRecords,
  KeyedByUnique,
  LargePages,
  LivePages,
  MemoryOnlyRecords,
  OnePage,
  RefusingUnknown,
  RemovingOne,
  Replacing,
  SettingMarksBack,
  TrimmingRecordNames,
  WorkingWhenClosed,
} from "./broken_models.ts";
import { emptyDisk, type ModelDisk, ModelStore } from "./model_store.ts";

/** A store with one defect, most of them seen in real stores, and the topic that must find it. */
export interface BrokenStore {
  /** Completes the sentence "a store that …". */
  readonly defect: string;
  readonly topic: string;
  make(disk: ModelDisk): ModelStore;
}

/** A store that changes jobs as it writes them. */
function written(
  defect: string,
  topic: string,
  change: (job: StoredJob) => StoredJob,
): BrokenStore {
  class Changing extends ModelStore {
    protected override written(job: StoredJob): StoredJob {
      return change(super.written(job));
    }
  }
  return { defect, topic, make: (disk) => new Changing(disk) };
}

const utf8 = new TextDecoder();
const asUtf8 = (name: string) => utf8.decode(Uint8Array.from(name, (c) => c.charCodeAt(0)));
const windows1252 = new TextDecoder("windows-1252");
const asWindows1252 = (name: string) =>
  windows1252.decode(Uint8Array.from(name, (c) => c.charCodeAt(0)));

export const BROKEN_STORES: readonly BrokenStore[] = [
  {
    defect: "keys jobs by function and unique ID",
    topic: "adding and replaying",
    make: (disk) => new KeyedByUnique(disk),
  },
  {
    defect: "forgets everything when it is opened again",
    topic: "opening and closing",
    make: () => new ModelStore(emptyDisk()),
  },
  {
    defect: "replays in the order of writing",
    topic: "adding and replaying",
    make: (disk) => new InWriteOrder(disk),
  },
  {
    defect: "orders keys as text",
    topic: "large numbers",
    make: (disk) => new AsText(disk),
  },
  written("loses the reducer", "adding and replaying", (job) => ({ ...job, reducer: "" })),
  written("loses the namespace", "adding and replaying", (job) => ({ ...job, namespace: "" })),
  written(
    "makes every priority normal",
    "adding and replaying",
    (job) => ({ ...job, priority: 1 }),
  ),
  written(
    "keeps not-before in 32 bits",
    "adding and replaying",
    (job) => ({ ...job, notBefore: job.notBefore | 0 }),
  ),
  written(
    "keeps times in seconds",
    "adding and replaying",
    (job) => ({ ...job, acceptedAt: Math.floor(job.acceptedAt / 1000) * 1000 }),
  ),
  {
    defect: "adds a job anew when a commit is repeated",
    topic: "repeated commits",
    make: (disk) => new Doubling(disk),
  },
  {
    defect: "replaces a job when a commit is repeated",
    topic: "repeated commits",
    make: (disk) => new Replacing(disk),
  },
  {
    defect: "keeps the outcome of a job that is queued again",
    topic: "updating",
    make: (disk) => new KeepingOutcomes(disk),
  },
  { defect: "forgets updates", topic: "updating", make: (disk) => new ForgettingUpdates(disk) },
  {
    defect: "makes a job of an update for an unknown key",
    topic: "updating",
    make: (disk) => new AddingByUpdate(disk),
  },
  written(
    "loses the result",
    "updating",
    (job) => ({ ...job, outcome: job.outcome && { ...job.outcome, result: new Uint8Array(0) } }),
  ),
  written(
    "takes a dead job for a failed one",
    "updating",
    (job) => ({ ...job, state: job.state === "dead" ? "failed" : job.state }),
  ),
  { defect: "forgets removals", topic: "removing", make: (disk) => new ForgettingRemovals(disk) },
  {
    defect: "removes only one job a batch",
    topic: "removing",
    make: (disk) => new RemovingOne(disk),
  },
  {
    defect: "refuses to remove an unknown key",
    topic: "removing",
    make: (disk) => new RefusingUnknown(disk),
  },
  { defect: "loses records", topic: "records", make: (disk) => new MemoryOnlyRecords(disk) },
  {
    defect: "does not replace records",
    topic: "records",
    make: (disk) => new KeepingOldRecords(disk),
  },
  {
    defect: "does not remove records",
    topic: "records",
    make: (disk) => new KeepingRemovedRecords(disk),
  },
  {
    defect: "ignores case in names of records",
    topic: "records",
    make: (disk) => new FoldingRecordNames(disk),
  },
  {
    defect: "ignores spaces at the end of names of records",
    topic: "records",
    make: (disk) => new TrimmingRecordNames(disk),
  },
  {
    defect: "keeps half a batch when it refuses it",
    topic: "all or none",
    make: (disk) => new HalfBatches(disk),
  },
  {
    defect: "takes larger workloads than it says",
    topic: "all or none",
    make: (disk) => new AcceptingTooMuch(disk),
  },
  written(
    "keeps names as UTF-8 text",
    "names",
    (job) => ({ ...job, functionName: asUtf8(job.functionName) }),
  ),
  written(
    "keeps names as windows-1252 text",
    "names",
    (job) => ({ ...job, unique: asWindows1252(job.unique) }),
  ),
  written(
    "cuts unique IDs to 63 bytes",
    "names",
    (job) => ({ ...job, unique: job.unique.slice(0, 63) }),
  ),
  written(
    "cuts functions to 255 bytes",
    "names",
    (job) => ({ ...job, functionName: job.functionName.slice(0, 255) }),
  ),
  written(
    "drops spaces at the end of functions",
    "names",
    (job) => ({ ...job, functionName: job.functionName.trimEnd() }),
  ),
  written("cuts workloads at the first NUL", "workloads", (job) => {
    const nul = job.workload.indexOf(0);
    return nul < 0 ? job : { ...job, workload: job.workload.slice(0, nul) };
  }),
  written("cuts workloads to 65535 bytes", "workloads", (job) => ({
    ...job,
    workload: job.workload.slice(0, 65_535),
  })),
  written("cuts workloads to 4 MiB", "workloads", (job) => ({
    ...job,
    workload: job.workload.slice(0, 4 * 1024 * 1024),
  })),
  written("makes an empty workload one NUL", "workloads", (job) => ({
    ...job,
    workload: job.workload.length === 0 ? new Uint8Array(1) : job.workload,
  })),
  { defect: "keeps the caller's buffer", topic: "workloads", make: (disk) => new Aliasing(disk) },
  { defect: "replays in one page", topic: "large numbers", make: (disk) => new OnePage(disk) },
  {
    defect: "replays in large pages",
    topic: "large numbers",
    make: (disk) => new LargePages(disk),
  },
  {
    defect: "sets high-water marks back",
    topic: "high-water marks",
    make: (disk) => new SettingMarksBack(disk),
  },
  {
    defect: "replays what is committed meanwhile",
    topic: "commits during a replay",
    make: (disk) => new LivePages(disk),
  },
  {
    defect: "counts rows to find the next page",
    topic: "commits during a replay",
    make: (disk) => new CountingPages(disk),
  },
  {
    defect: "works when it is closed",
    topic: "opening and closing",
    make: (disk) => new WorkingWhenClosed(disk),
  },
  {
    defect: "drops the commit under way when it is closed",
    topic: "opening and closing",
    make: (disk) => new AbandoningOnClose(disk),
  },
  {
    defect: "cannot be closed twice",
    topic: "opening and closing",
    make: (disk) => new ClosingOnce(disk),
  },
];
