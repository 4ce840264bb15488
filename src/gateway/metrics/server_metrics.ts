import process from "node:process";
import { PACKET_SHAPES } from "../../protocol/mod.ts";
import { openDescriptors, runtimeName, runtimeVersion } from "../../runtime/mod.ts";
import { CLOSE_REASONS, type ConnectionView, type RunningServer } from "../../server/mod.ts";
import type { Gateway } from "../gateway.ts";
import { type Exposition, label } from "./exposition.ts";
import { functionsWithoutWorkers } from "./function_metrics.ts";
import {
  type HttpFigures,
  type JobFigures,
  KEY_RESULTS,
  type StoreFigures,
} from "../figures/mod.ts";

/** Label values of `listener`: the two ports. */
const GEAR = label("listener", "gearman");
const HTTP = label("listener", "http");

export function writeVersion(out: Exposition, { config }: Gateway): void {
  gauge(out, "gearman_up", "Whether the server answers", 1);
  out.family("gearman_version_info", "gauge", "Version of the server");
  out.sample(1, label("version", config.version));
  out.family("gearman_build_info", "gauge", "Version and runtime of the server");
  const runtime = `${runtimeName} ${runtimeVersion}`;
  out.sample(1, `${label("version", config.version)},${label("runtime", runtime)}`);
}

export function writeState(out: Exposition, gateway: Gateway): void {
  const { server, figures } = gateway;
  const { table } = server.jobServer;
  const without = functionsWithoutWorkers(table.functions);
  gauge(
    out,
    "gearman_stalled_functions",
    "Functions whose next job is passed over while a worker is idle",
    figures.stalls.functions.length,
  );
  gauge(out, "gearman_functions_without_workers", "Functions with jobs and no worker", without);
  gauge(
    out,
    "gearman_draining",
    "Whether new jobs are refused",
    server.phase === "draining" ? 1 : 0,
  );
  const loaded = figures.loadedJobs;
  gauge(
    out,
    "gearman_reload_done",
    "Whether the store's jobs are taken up",
    loaded === null ? 0 : 1,
  );
  gauge(out, "gearman_reload_jobs", "Jobs taken up from the store", loaded ?? table.jobCount);
  gauge(
    out,
    "gearman_outcomes_kept",
    "Outcomes of ended jobs kept for asking",
    server.outcomes.size,
  );
  out.family(
    "gearman_job_schedule_lag_seconds",
    "histogram",
    "From the time asked for to the queue",
  );
  out.histogram(figures.jobs.scheduleLag, 1e-3);
  out.family("gearman_event_loop_lag_seconds", "histogram", "How late timers ring");
  out.histogram(figures.loop.lag, 1e-3);
}

export function writeConnections(out: Exposition, gateway: Gateway): void {
  const { server, figures, security } = gateway;
  const { traffic } = server;
  const http = figures.http.server;
  const states = { idle: 0, busy: 0, sleeping: 0, draining: 0 };
  let clients = 0;
  let unsent = 0;
  for (const connection of server.connections()) {
    if (connection.functions.length === 0) clients++;
    else states[workerStateOf(connection)]++;
    unsent += connection.unsentBytes;
  }
  out.family("gearman_worker_connections", "gauge", "Connections that registered functions");
  for (const [state, count] of Object.entries(states)) out.sample(count, label("state", state));
  out.family("gearman_client_connections", "gauge", "Connections without functions");
  out.sample(clients, GEAR);
  if (http !== null) out.sample(http.connections.open, HTTP);
  out.family("gearman_connections_opened_total", "counter", "Connections accepted");
  out.sample(traffic.opened, GEAR);
  if (http !== null) out.sample(http.connections.opened, HTTP);
  out.family("gearman_connections_closed_total", "counter", "Connections that ended");
  for (const reason of CLOSE_REASONS) {
    if (reason === "too many") continue;
    out.sample(traffic.closed[reason], `${GEAR},${label("reason", reason.replace(" ", "_"))}`);
  }
  if (http !== null) out.sample(http.connections.closed, `${HTTP},${label("reason", "any")}`);
  out.family(
    "gearman_connections_refused_total",
    "counter",
    "Connections not served: too many, or no TLS",
  );
  out.sample(traffic.closed["too many"], `${GEAR},${label("reason", "limit")}`);
  if (http !== null) out.sample(http.connections.refused, `${HTTP},${label("reason", "limit")}`);
  const secured = [[GEAR, security.gearman], [HTTP, security.http]] as const;
  for (const [port, tls] of secured) {
    if (tls !== undefined) out.sample(tls.refused, `${port},${label("reason", "TLS")}`);
  }
  gauge(out, "gearman_send_buffer_bytes", "Bytes that peers have not taken yet", unsent);
  out.family(
    "gearman_tls_certificate_expiry_seconds",
    "gauge",
    "When the certificate ends, seconds since 1970",
  );
  for (const [port, tls] of secured) {
    if (tls !== undefined) out.sample(tls.expiresAt / 1000, port);
  }
}

/** What a connection does as a worker. */
export function workerStateOf(
  { draining, running, workerState }: ConnectionView,
): "idle" | "busy" | "sleeping" | "draining" {
  if (draining) return "draining";
  if (running.length > 0) return "busy";
  return workerState === "sleeping" ? "sleeping" : "idle";
}

export function writeTraffic(out: Exposition, { server, figures }: Gateway): void {
  const { traffic } = server;
  const http = figures.http.server;
  out.family("gearman_packets_total", "counter", "Packets of the binary port");
  for (const [direction, counts] of [["in", traffic.received], ["out", traffic.sent]] as const) {
    counts.forEach((count, type) => {
      if (count === 0) return;
      const { name } = PACKET_SHAPES[type]!;
      out.sample(count, `${label("direction", direction)},${label("type", name)}`);
    });
  }
  counter(out, "gearman_text_commands_total", "Text lines of the binary port", traffic.lines);
  out.family("gearman_bytes_total", "counter", "Bytes on the sockets");
  out.sample(traffic.bytesReceived, `${label("direction", "in")},${GEAR}`);
  out.sample(traffic.bytesSent, `${label("direction", "out")},${GEAR}`);
  if (http !== null) {
    out.sample(http.bytes.received, `${label("direction", "in")},${HTTP}`);
    out.sample(http.bytes.sent, `${label("direction", "out")},${HTTP}`);
  }
  out.family("gearman_protocol_errors_total", "counter", "Packets that could not be obeyed");
  for (const [kind, count] of traffic.protocolErrors) out.sample(count, label("kind", kind));
  counter(out, "gearman_worker_wakeups_total", "NOOPs sent to workers", traffic.wakeUps);
  out.family("gearman_worker_grabs_total", "counter", "Answers to workers that asked for a job");
  out.sample(traffic.grabsWithJob, label("result", "job"));
  out.sample(traffic.grabsWithoutJob, label("result", "none"));
}

export function writeStore(
  out: Exposition,
  server: RunningServer,
  figures: StoreFigures,
): void {
  const store = server.storeCondition();
  // The description goes on with paths and hosts, which are nobody's business here.
  const name = label("store", store.description.split(/[\s:]/, 1)[0] || "memory");
  out.family("gearman_store_up", "gauge", "Whether the last commit held");
  out.sample(store.up ? 1 : 0, name);
  out.family("gearman_store_pending_writes", "gauge", "Jobs that wait to be stored");
  out.sample(store.waiting, name);
  out.family("gearman_store_commits_total", "counter", "Commits that held");
  out.sample(store.commits, name);
  out.family("gearman_store_errors_total", "counter", "Commits that failed");
  out.sample(store.failedCommits, name);
  if (store.reconnects !== undefined) {
    out.family("gearman_store_reconnects_total", "counter", "Connections or files opened again");
    out.sample(store.reconnects, name);
  }
  out.family("gearman_store_operation_seconds", "histogram", "What the store was asked to do");
  for (const op of ["commit", "replay"] as const) {
    out.histogram(figures[op], 1e-3, `${name},${label("op", op)}`);
  }
  out.family("gearman_store_commit_batch_jobs", "histogram", "Jobs that one commit has written");
  out.histogram(figures.batch, 1, name);
  if (figures.sync.count === 0) return;
  out.family("gearman_store_fsync_seconds", "histogram", "Time to make a commit durable");
  out.histogram(figures.sync, 1e-3, name);
}

export function writeHttp(out: Exposition, { waits }: Gateway, http: HttpFigures): void {
  out.family("gearman_http_requests_total", "counter", "Requests answered");
  for (const [route, { requests }] of http.routes) {
    for (const [key, count] of requests) {
      const [method, status] = key.split(" ") as [string, string];
      const rest = `${label("method", method)},${label("status", status)}`;
      out.sample(count, `${label("route", route)},${rest}`);
    }
  }
  out.family("gearman_http_problems_total", "counter", "Requests answered with a problem");
  for (const [type, count] of http.problems) out.sample(count, label("type", type));
  out.family("gearman_http_request_seconds", "histogram", "Time to the head of the answer");
  for (const [route, { duration }] of http.routes) {
    out.histogram(duration, 1e-3, label("route", route));
  }
  out.family("gearman_http_waiters", "gauge", "Calls that wait for a job");
  out.sample(waits.counts.sync, label("kind", "sync"));
  out.sample(waits.counts.poll, label("kind", "poll"));
  gauge(out, "gearman_http_streams", "Streams of events", waits.counts.stream);
}

export function writeKeys(out: Exposition, { keys }: JobFigures): void {
  out.family("gearman_idempotency_total", "counter", "Idempotency keys that came with jobs");
  for (const result of KEY_RESULTS) out.sample(keys[result], label("result", result));
}

/** Standard names; those that the system does not tell are left out. */
export function writeProcess(out: Exposition): void {
  const { user, system } = process.cpuUsage();
  counter(out, "process_cpu_seconds_total", "Processor time", (user + system) / 1e6);
  gauge(out, "process_resident_memory_bytes", "Memory in use", process.memoryUsage().rss);
  const descriptors = openDescriptors();
  if (descriptors !== undefined) {
    gauge(out, "process_open_fds", "Open descriptors", descriptors.open);
    gauge(out, "process_max_fds", "Descriptors that may be open", descriptors.most);
  }
  gauge(out, "process_start_time_seconds", "Start, seconds since 1970", processStart);
}

const processStart = Math.round(Date.now() - process.uptime() * 1000) / 1000;

function gauge(out: Exposition, name: string, help: string, value: number): void {
  out.family(name, "gauge", help);
  out.sample(value);
}

function counter(out: Exposition, name: string, help: string, value: number): void {
  out.family(name, "counter", help);
  out.sample(value);
}
