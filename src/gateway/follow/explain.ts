import { type Job, PRIORITIES } from "../../core/mod.ts";
import type { ByteString } from "../../protocol/mod.ts";
import type { KeptOutcome, RunningServer } from "../../server/mod.ts";
import type { JsonSchema } from "../route.ts";
import { type CapableWorkers, capableWorkers } from "./capable_workers.ts";
import { JOB_STATES, type JobStateName, stateOf, stateOfEnd } from "./job_json.ts";
import {
  abandoned,
  behindOthers,
  cancelled,
  delayed,
  noWorkers,
  over,
  paused,
  type Reason,
  REASON_CODES,
  running,
  soon,
  storing,
  workersBusy,
  workersDraining,
  workersNotAnswering,
  workersNotAsking,
} from "./reasons.ts";

/** Why a job is not running, as JSON shows it. */
export interface Explanation {
  readonly state: JobStateName;
  /** What has to be out of the way first comes first. Never empty. */
  readonly reasons: readonly Reason[];
  /** Jobs that go before it, at most; null when it does not wait for a worker. */
  readonly position: number | null;
  /** Connected workers that can do its function. */
  readonly workers: number;
}

/**
 * Says why a job is not running. `shows` tells whether jobs of a function may be named, as those that
 * keep workers busy are; default: all.
 */
export function explain(
  job: Job,
  server: RunningServer,
  shows: (functionName: ByteString) => boolean = () => true,
): Explanation {
  const workers = capableWorkers(job.queue);
  const waits = job.end === null && job.state === "queued" && !job.ignored;
  const [higher, earlier] = waits ? jobsBefore(job) : [0, 0];
  const reasons = ofState(job, server) ??
    [...ofFunction(job, workers, server, shows), ...ofOthers(higher, earlier)];
  return {
    state: stateOf(job),
    reasons: reasons.length === 0 ? [soon()] : reasons,
    position: waits ? higher + earlier : null,
    workers: workers.all,
  };
}

/** The same of a job whose outcome is kept. */
export function explainOver(outcome: KeptOutcome, { jobServer }: RunningServer): Explanation {
  const { end, functionName, finishedAt } = outcome;
  return {
    state: stateOfEnd(end),
    reasons: [over(end, finishedAt)],
    position: null,
    workers: jobServer.table.findFunction(functionName)?.workers ?? 0,
  };
}

/** What the job's own state explains alone. */
function ofState(job: Job, server: RunningServer): Reason[] | undefined {
  if (job.end !== null) return [job.state === "ended" ? over(job.end, null) : cancelled()];
  if (job.state === "running") return [running(job)];
  if (job.ignored) return [abandoned()];
  return job.state === "storing" ? [storing(server)] : undefined;
}

function ofFunction(
  job: Job,
  workers: CapableWorkers,
  server: RunningServer,
  shows: (functionName: ByteString) => boolean,
): Reason[] {
  const reasons = job.state === "delayed" ? [delayed(job)] : [];
  if (job.queue.paused) reasons.push(paused(job));
  if (workers.all === 0) return [...reasons, noWorkers(job)];
  if (workers.draining === workers.all) return [...reasons, workersDraining(workers)];
  if (job.state === "delayed") return reasons;
  if (workers.busy.length + workers.draining === workers.all) {
    return [...reasons, workersBusy(workers, shows)];
  }
  if (job.queue.paused) return reasons;
  const silent = workersNotAnswering(workers, server.limits.wakeUpRepeatMs, server.clock.now());
  if (silent !== undefined) reasons.push(silent);
  if (workers.awake > 0) reasons.push(workersNotAsking(workers));
  return reasons;
}

function ofOthers(higher: number, earlier: number): Reason[] {
  return higher + earlier === 0 ? [] : [behindOthers(higher, earlier)];
}

/** Jobs of the same function that are given out before it; ignored ones still count. */
function jobsBefore(job: Job): [higher: number, earlier: number] {
  const { queue, priority, order } = job;
  let higher = 0;
  for (const other of PRIORITIES) if (other < priority) higher += queue.at(other).length;
  return [higher, queue.at(priority).countBefore(order)];
}

const REASON_SCHEMA: JsonSchema = {
  title: "Reason",
  description: "Beside code, text and fix it has the figures behind it.",
  type: "object",
  required: ["code", "text", "fix"],
  properties: {
    code: { type: "string", enum: REASON_CODES },
    text: { type: "string", description: "What holds the job up." },
    fix: { type: "string", description: "What to do about it." },
  },
};

export const EXPLANATION_SCHEMA: JsonSchema = {
  title: "Explanation",
  type: "object",
  additionalProperties: false,
  required: ["state", "reasons", "position", "workers"],
  properties: {
    state: { type: "string", enum: JOB_STATES },
    reasons: {
      type: "array",
      minItems: 1,
      items: REASON_SCHEMA,
      description: "What has to be out of the way first comes first.",
    },
    position: {
      type: ["integer", "null"],
      minimum: 0,
      description: "Jobs that go before it, at most; null when it does not wait for a worker.",
    },
    workers: {
      type: "integer",
      minimum: 0,
      description: "Connected workers that can do its function.",
    },
  },
};

export const EXPLANATION_EXAMPLE: Explanation = {
  state: "queued",
  reasons: [{
    code: "no-workers",
    text: 'No connected worker can do the function "resize".',
    fix: "Start a worker for it; if there should be one, check the name's spelling and its log.",
  }],
  position: 0,
  workers: 0,
};
