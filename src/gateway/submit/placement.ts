import type { Client, Idempotency, Job, JobServer, JobTable, Submission } from "../../core/mod.ts";
import type { KeptOutcome, RunningServer } from "../../server/mod.ts";
import type { Gateway } from "../gateway.ts";
import { Problem } from "../problem.ts";
import type { JobOptions } from "./job_options.ts";

/** A job as it is to be submitted. */
export interface Order {
  readonly options: JobOptions;
  /** Synchronous jobs with a key are background jobs too, so that a cut call does not lose them. */
  readonly background: boolean;
  readonly workload: Uint8Array;
  readonly idempotency: Idempotency | null;
  /** Of an atomic request: a job that was cancelled because another one failed is made again. */
  readonly atomic?: boolean;
}

/**
 * What became of an order. `placed`: a job has it, a new one or (`coalesced`) one that it joined.
 * `repeated`: its key has made a job before; `job` while that is known, else `outcome`, or neither
 * when both are forgotten. `stored` settles when the store has answered: false = refused.
 */
export type Placement =
  | {
    readonly kind: "placed";
    readonly job: Job;
    readonly coalesced: boolean;
    readonly stored: Promise<boolean>;
  }
  | {
    readonly kind: "repeated";
    readonly handle: string;
    readonly job: Job | undefined;
    readonly outcome: KeptOutcome | undefined;
    readonly stored: Promise<boolean>;
  };

/** Seconds after which a refused submission may be worth another attempt. */
const RETRY_SECONDS = 5;

const STORED = Promise.resolve(true);

/** Throws unless the server takes jobs: `starting`, `draining`. */
export function requireServing({ phase }: RunningServer): void {
  if (phase === "serving") return;
  throw phase === "loading"
    ? new Problem("starting", "The server is still taking up its jobs; try again in a moment", {
      retryAfter: 1,
    })
    : new Problem("draining", "The server takes no more jobs; send them to another one", {
      retryAfter: RETRY_SECONDS,
    });
}

/** Throws `payload-too-large` for a background workload that the store would not take. */
export function requireStorable(server: RunningServer, order: Order): void {
  if (!order.background) return;
  const { largestWorkload } = server.storeCondition();
  if (order.workload.length <= largestWorkload) return;
  throw new Problem(
    "payload-too-large",
    `The server's store takes workloads of at most ${largestWorkload} bytes`,
    { function: order.options.functionName, members: { limit: largestWorkload } },
  );
}

/**
 * One step of `server.act`: finds the job that the order's key made, or submits it. `client` waits
 * for the result. Throws `idempotency-mismatch`, `no-worker`, `too-many-functions`, `queue-full`,
 * `store-unavailable`.
 */
export function place(
  { server, log, figures, functionRoom }: Pick<
    Gateway,
    "server" | "log" | "figures" | "functionRoom"
  >,
  order: Order,
  client: Client | null,
  jobServer: JobServer,
  now: number,
): Placement {
  const repeated = findRepeated({ server, figures }, order, jobServer);
  if (repeated !== undefined) {
    figures.jobs.keys.replay++;
    return repeated;
  }
  requireWorker(order.options, jobServer.table);
  functionRoom.require(order.options.functionName, jobServer, now);
  const before = jobServer.nextKey;
  const admission = jobServer.submit(submissionOf(order), client, now);
  if (admission.kind === "refused") {
    throw admission.reason === "queue full"
      ? queueFull(order.options, jobServer.table)
      : storeUnavailable(server);
  }
  const { job } = admission;
  log("NOTICE", acceptedLine(order.options));
  return {
    kind: "placed",
    job,
    coalesced: job.key < before,
    stored: untilAccepted(
      server,
      order.idempotency,
      admission.kind === "awaits store" ? untilStored(jobServer, job) : STORED,
    ),
  };
}

/** A key has to be stored, too, before the answer that makes it count. */
function untilAccepted(
  { idempotencyKeys }: RunningServer,
  idempotency: Idempotency | null,
  stored: Promise<boolean>,
): Promise<boolean> {
  if (idempotency === null) return stored;
  const recorded = idempotencyKeys.recorded(idempotency.keyHash);
  return Promise.all([stored, recorded]).then((answers) => !answers.includes(false));
}

/** As for submissions of the binary port (cli section 3). */
function acceptedLine({ functionName, unique, notBefore, reducer }: JobOptions): string {
  return `accepted,${functionName},${unique},${notBefore}${reducer === "" ? "" : `,${reducer}`}`;
}

/** Throws `no-worker` where one is required and there is none. */
export function requireWorker(options: JobOptions, table: JobTable): void {
  if (!options.requireWorker) return;
  const { functionName } = options;
  if ((table.findFunction(functionName)?.workers ?? 0) > 0) return;
  throw new Problem("no-worker", "No connected worker can do this function", {
    function: functionName,
    retryAfter: RETRY_SECONDS,
  });
}

/** What the order's key has made before. Throws `idempotency-mismatch`. */
export function findRepeated(
  { server, figures }: Pick<Gateway, "server" | "figures">,
  { idempotency, atomic }: Order,
  jobServer: JobServer,
): Placement | undefined {
  if (idempotency === null) return undefined;
  const known = server.idempotencyKeys.find(idempotency.keyHash);
  if (known === undefined) return undefined;
  const { handle } = known;
  if (known.fingerprint !== idempotency.fingerprint) {
    figures.jobs.keys.conflict++;
    throw new Problem(
      "idempotency-mismatch",
      "This Idempotency-Key came with another request before; a new request needs a new key",
      { handle },
    );
  }
  const found = jobServer.table.findJob(handle);
  const job = found?.end === null ? found : undefined;
  // A foreground job that it joined, and that the store refused to keep: it has yet to be accepted.
  if (job?.background === false) return undefined;
  const outcome = job === undefined ? server.outcomes.find(handle) : undefined;
  if (atomic === true && outcome?.end === "cancelled") return undefined;
  return {
    kind: "repeated",
    handle,
    job,
    outcome,
    stored: untilAccepted(
      server,
      idempotency,
      job === undefined ? STORED : untilStored(jobServer, job),
    ),
  };
}

export function submissionOf({ options, background, workload, idempotency }: Order): Submission {
  return {
    functionName: options.functionName,
    unique: options.unique,
    workload,
    priority: options.priority,
    notBefore: options.notBefore,
    reducer: options.reducer,
    background,
    extras: { retainMs: options.retainMs, idempotency },
  };
}

function untilStored(jobServer: JobServer, job: Job): Promise<boolean> {
  return new Promise((resolve) => {
    jobServer.awaitStore(job, {
      jobStored: () => resolve(true),
      jobRefused: () => resolve(false),
    });
  });
}

export function queueFull(options: JobOptions, table: JobTable): Problem {
  const { functionName, priority } = options;
  const queue = table.findFunction(functionName);
  return new Problem("queue-full", "The function's queue is full; send the job again later", {
    function: functionName,
    retryAfter: RETRY_SECONDS,
    members: { limit: queue?.limits[priority] ?? 0, depth: queue?.total ?? 0 },
  });
}

/** The store did not take a job, or too many wait for it already. */
export function storeUnavailable(server: RunningServer): Problem {
  const { problem } = server.storeCondition();
  const reason = problem === undefined ? "" : `: ${problem}`;
  return new Problem(
    "store-unavailable",
    `The job was not accepted, the store cannot keep it${reason}`,
    {
      retryAfter: RETRY_SECONDS,
    },
  );
}
