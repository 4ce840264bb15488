import type { Job } from "../core/mod.ts";
import type { StoredJob, StoredJobUpdate } from "../plugin_api/mod.ts";

/** A job as its row begins. The workload is shared, not copied: nobody changes it. */
export function storedForm(job: Job, namespace: string): StoredJob {
  return {
    key: job.key,
    handle: job.handle,
    functionName: job.queue.name,
    unique: job.unique,
    workload: job.workload,
    priority: job.priority,
    notBefore: job.notBefore,
    reducer: job.reducer,
    acceptedAt: job.acceptedAt,
    attempts: job.attempts,
    namespace,
    state: "queued",
    outcome: null,
  };
}

/** What a requeued job changes in its row. */
export function storedUpdate(job: Job): StoredJobUpdate {
  return {
    key: job.key,
    attempts: job.attempts,
    notBefore: job.notBefore,
    state: "queued",
    outcome: null,
  };
}
