import { cpuSecondsOf } from "../generator/cpu_time.ts";
import { FUNCTION_NAME } from "../generator/submissions.ts";
import { settledResidentBytes } from "../process_memory.ts";
import type { RunningServer } from "../running_server.ts";
import {
  type Bench,
  type Figures,
  type RunningWorkload,
  SERVER_CPU_US,
  type Workload,
} from "../workload.ts";
import { type Request, runWrk } from "../wrk.ts";
import { jobsRate } from "./jobs.ts";
import { type Mode, short, WORKLOAD_BYTES } from "./size.ts";

const ROUNDS = { quick: 1, full: 3 };
const WARM_UP_MS = 1000;
const MEASURE_MS = { quick: 1000, full: 3000 };
const CONNECTIONS = 32;
/** Beside the binary load: as many as a busy web page of an operator and a few scripts. */
const CONNECTIONS_BESIDE = 4;
const WORKERS = 32;
const LIMIT_MS = 60_000;
const DURABLE = "background submit, SQLite, unique IDs";
const STREAMS = { quick: 1000, full: 10_000 };

export function httpWorkloads(mode: Mode): RunningWorkload[] {
  return [
    requestsWorkload(mode, "http-submit", "background submit", "memory", submission),
    requestsWorkload(mode, "http-durable", DURABLE, "sqlite", uniqueSubmission),
    callWorkload(mode),
    requestsWorkload(mode, "http-status", "status of a job", "memory", statusRequest),
    besideWorkload(mode),
    streamsWorkload(mode),
  ];
}

const COMMON = {
  kind: "running",
  http: true,
  freshServer: true,
  withResponder: false,
  onlyOnDemand: true,
} as const;

/** Whether it is one of these. */
export function isAboutHttp({ name }: Workload): boolean {
  return name.startsWith("http-");
}

/** Only requests: `request` says which, and may prepare the server for them. */
function requestsWorkload(
  mode: Mode,
  name: string,
  title: string,
  queue: "memory" | "sqlite",
  request: (server: RunningServer) => Request | Promise<Request>,
): RunningWorkload {
  return {
    ...COMMON,
    name,
    queue,
    figures: requestFigures(`HTTP, ${title}: ${CONNECTIONS} connections`),
    rounds: ROUNDS[mode],
    async measure(server, bench) {
      return await measureRequests(server, bench, mode, await request(server));
    },
  };
}

function requestFigures(title: string): RunningWorkload["figures"] {
  return [
    { key: "rate", title, unit: "requests/s", better: "higher" },
    { key: "p50", title: "– latency, median", unit: "ms", better: "lower" },
    { key: "p99", title: "– latency, 99th percentile", unit: "ms", better: "lower" },
  ];
}

/** Synchronous calls, with more workers than calls at one time. */
function callWorkload(mode: Mode): RunningWorkload {
  return {
    ...COMMON,
    name: "http-call",
    queue: "memory",
    figures: requestFigures(
      `HTTP, synchronous call: ${CONNECTIONS} connections, ${WORKERS} workers`,
    ),
    rounds: ROUNDS[mode],
    measure: (server, bench) =>
      withWorkers(server, bench, () => measureRequests(server, bench, mode, callOf(server))),
  };
}

/** What the binary port still does while HTTP is asked as fast as it answers. */
function besideWorkload(mode: Mode): RunningWorkload {
  return {
    ...COMMON,
    name: "http-beside",
    queue: "memory",
    figures: [
      {
        key: "rate",
        title:
          `binary port, background jobs, beside HTTP submits on ${CONNECTIONS_BESIDE} connections`,
        unit: "jobs/s",
        better: "higher",
      },
      { key: "share", title: "– of its rate without HTTP", unit: "%", better: "higher" },
      { key: "http", title: "– HTTP meanwhile", unit: "requests/s", better: "higher" },
    ],
    rounds: ROUNDS[mode],
    async measure(server, bench) {
      const { cores } = bench;
      const alone = await jobsRate(server, bench.generator, mode);
      const ms = WARM_UP_MS + MEASURE_MS[mode];
      const requests = runWrk(submission(server), { connections: CONNECTIONS_BESIDE, ms, cores });
      const [beside, { requests: count, seconds }] = await Promise.all([
        jobsRate(server, bench.generator, mode),
        requests,
      ]);
      return { rate: beside, share: 100 * beside / alone, http: count / seconds };
    },
  };
}

/** Streams of events, a job each, and what they cost. */
function streamsWorkload(mode: Mode): RunningWorkload {
  const streams = STREAMS[mode];
  return {
    ...COMMON,
    name: "http-streams",
    queue: "memory",
    figures: [
      {
        key: "bytesPerStream",
        title: `${short(streams)} streams of events: memory each`,
        unit: "bytes",
        better: "lower",
        budget: { deno: 25_000, bun: 25_000, measure: "value" },
      },
      {
        key: "seconds",
        title: "– from the first end told to the last",
        unit: "s",
        better: "lower",
      },
    ],
    rounds: ROUNDS[mode],
    async measure(server, { generator, settleMs }) {
      requireRoutes(server);
      const { handlePrefix, first } = await queueJobs(server, streams);
      const before = await settledResidentBytes(server.pid, settleMs);
      const plan = {
        kind: "streams",
        httpPort: server.httpPort,
        handlePrefix,
        first,
        streams,
        limitMs: LIMIT_MS,
      } as const;
      return await generator.withStreams(plan, async (ended) => {
        const after = await settledResidentBytes(server.pid, settleMs);
        const { port } = server;
        const { seconds } = await generator.withIdleWorkers(
          { kind: "idle", port, workers: 4, limitMs: LIMIT_MS, holdMs: LIMIT_MS },
          () => ended(),
        );
        return { bytesPerStream: (after - before) / streams, seconds };
      });
    },
  };
}

async function measureRequests(
  server: RunningServer,
  { cores }: Bench,
  mode: Mode,
  request: Request,
): Promise<Figures> {
  const connections = CONNECTIONS;
  await runWrk(request, { connections, ms: WARM_UP_MS, cores });
  const before = cpuSecondsOf(server.pid);
  const { requests, seconds, p50, p99 } = await runWrk(request, {
    connections,
    ms: MEASURE_MS[mode],
    cores,
  });
  const cpuSeconds = cpuSecondsOf(server.pid) - before;
  return { rate: requests / seconds, p50, p99, [SERVER_CPU_US]: cpuSeconds * 1e6 / requests };
}

async function withWorkers<Result>(
  { port }: RunningServer,
  { generator }: Bench,
  meanwhile: () => Promise<Result>,
): Promise<Result> {
  return await generator.withIdleWorkers({
    kind: "idle",
    port,
    workers: WORKERS,
    limitMs: LIMIT_MS,
    holdMs: 2 * LIMIT_MS,
    resultBytes: WORKLOAD_BYTES,
  }, meanwhile);
}

function callOf(server: RunningServer): Request {
  const path = isGearmand(server) ? FUNCTION_NAME : `jobs/${FUNCTION_NAME}`;
  return { method: "POST", url: `${urlOf(server)}/${path}`, bodyBytes: WORKLOAD_BYTES };
}

/** Background jobs that nobody does. The header is the one that C gearmand knows. */
function submission(server: RunningServer): Request {
  const path = isGearmand(server) ? "nobody" : "jobs/nobody";
  return {
    method: "POST",
    url: `${urlOf(server)}/${path}`,
    headers: { "X-Gearman-Background": "true" },
    bodyBytes: WORKLOAD_BYTES,
  };
}

/** Each with a unique ID: without, C gearmand's SQLite queue keeps one row for all jobs of a function. */
function uniqueSubmission(server: RunningServer): Request {
  return { ...submission(server), countedHeader: "X-Gearman-Unique" };
}

async function statusRequest(server: RunningServer): Promise<Request> {
  requireRoutes(server);
  const { handlePrefix, first } = await queueJobs(server, 1);
  return { method: "GET", url: `${urlOf(server)}/jobs/${handlePrefix}${first}` };
}

/** Queues jobs that nobody does yet; their handles are numbered on. */
async function queueJobs(
  server: RunningServer,
  count: number,
): Promise<{ handlePrefix: string; first: number }> {
  const response = await fetch(`${urlOf(server)}/jobs`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body: `{"function":"${FUNCTION_NAME}","payload_text":"x"}\n`.repeat(count),
  });
  const lines = (await response.text()).trim().split("\n");
  const handles = lines.map((line) => (JSON.parse(line) as { handle: string }).handle);
  const [, handlePrefix = "", number = ""] = /^(.*:)(\d+)$/.exec(handles[0]!) ?? [];
  const first = Number(number);
  if (handles.at(-1) !== `${handlePrefix}${first + count - 1}`) {
    throw new Error(`handles are not numbered on: ${handles[0]} to ${handles.at(-1)}`);
  }
  return { handlePrefix, first };
}

function isGearmand({ kind }: RunningServer): boolean {
  return kind.runtime === "c";
}

function requireRoutes(server: RunningServer): void {
  if (isGearmand(server)) throw new Error("its HTTP only submits");
}

function urlOf({ httpPort }: RunningServer): string {
  return `http://127.0.0.1:${httpPort}`;
}
