/**
 * Measures the SQLite store on the server's own thread and in a thread of its own: rows per second
 * and how long other connections of the same event loop wait meanwhile. The figures and what follows
 * from them are in docs/decisions/sqlite-thread.md.
 *
 *     deno run -A scripts/bench_sqlite.ts                                 measures this Deno
 *     deno run -A scripts/bench_sqlite.ts bun run scripts/bench_sqlite.ts  measures Bun
 *     deno run -A scripts/bench_sqlite.ts dist/bench-sqlite               measures an executable of it
 *
 * The measured process commits and answers echoes; this one sends an echo each millisecond and waits.
 * `BENCH_FOLDER` says where the databases lie (default: the system's temporary folder).
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { packBatch } from "../plugins/sqlite/packer.ts";
import { QueueFile } from "../plugins/sqlite/queue_file.ts";
import { SqliteStore } from "../plugins/sqlite/sqlite_store.ts";
import type { StoreBatch, StoredJob, StoreHost } from "../src/plugin_api/mod.ts";

const MEASURE_MS = 1000;
/** Each line is the median of so many runs; the two places take turns. */
const REPEATS = 5;
const MODES = ["idle", "main", "thread"] as const;
const BATCHES = [1, 10, 100, 1000];
const ECHO_BYTES = 64;
/** How many batches stay in the table before they are removed. */
const LAG = 20;

type Mode = (typeof MODES)[number];
type Commit = (batch: StoreBatch) => Promise<void>;

interface Outcome {
  readonly rows: number;
  readonly seconds: number;
  /** Milliseconds, sorted. */
  readonly commits: readonly number[];
}

const host: StoreHost = {
  log: (level, text) => console.error(level, text),
  now: () => Date.now(),
  namespace: "",
  handlePrefix: "H:bench:",
};

function sampleJob(key: number): StoredJob {
  return {
    key,
    handle: `H:bench:${key}`,
    functionName: "resize",
    unique: `unique-${key}`,
    workload: WORKLOAD,
    priority: 1,
    notBefore: 0,
    reducer: "",
    acceptedAt: Date.now(),
    attempts: 0,
    namespace: "",
    state: "queued",
    outcome: null,
  };
}

const WORKLOAD = new Uint8Array(64).fill(120);

/** How to commit in this mode, and how to end. */
async function opened(mode: Mode, folder: string): Promise<[Commit, () => Promise<void>]> {
  const settings = {
    path: join(folder, "queue.db"),
    gearmandTable: "gearman_queue",
    forExport: false,
  };
  if (mode === "thread") {
    const store = await SqliteStore.open(settings, host);
    return [(batch) => store.commit(batch), () => store.close()];
  }
  const file = QueueFile.open(settings, host);
  const commit = async (batch: StoreBatch) => {
    await Promise.resolve();
    file.commit(packBatch(batch));
    file.tidy();
  };
  return [commit, () => Promise.resolve(file.close())];
}

/**
 * Commits one batch after the other: each adds `size` jobs and removes as many older ones. As in a
 * server, a batch only begins once something came from a socket (`arrival`).
 */
async function commitFor(
  ms: number,
  size: number,
  commit: Commit,
  arrival: () => Promise<void>,
): Promise<Outcome> {
  const commits: number[] = [];
  let key = 0;
  const begin = performance.now();
  while (performance.now() - begin < ms) {
    await arrival();
    const started = performance.now();
    const add = Array.from({ length: size }, () => sampleJob(++key));
    const oldest = key - size * (LAG + 1);
    const remove = oldest < 0 ? [] : add.map((_, i) => oldest + i + 1);
    await commit({ add, update: [], remove, put: [] });
    commits.push(performance.now() - started);
  }
  const seconds = (performance.now() - begin) / 1000;
  return { rows: key, seconds, commits: commits.sort((a, b) => a - b) };
}

/** Sends a byte to the process's own server and waits until it comes back. */
async function loopback(port: number): Promise<() => Promise<void>> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.setNoDelay(true);
  let arrived = () => {};
  socket.on("data", () => arrived());
  return () =>
    new Promise((resolve) => {
      arrived = resolve;
      socket.write("x");
    });
}

/** The measured process: prints its port, waits for the pinger, commits, prints the outcome. */
async function serve(mode: Mode, size: number, folder: string): Promise<void> {
  const store = mode === "idle" ? null : await opened(mode, folder);
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on("data", (bytes) => socket.write(bytes));
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  console.log(`port ${port}`);
  await once(server, "connection");
  let outcome: Outcome = { rows: 0, seconds: MEASURE_MS / 1000, commits: [] };
  if (store === null) await new Promise((resolve) => setTimeout(resolve, MEASURE_MS));
  else outcome = await commitFor(MEASURE_MS, size, store[0], await loopback(port));
  const { rows, seconds, commits } = outcome;
  const rss = process.memoryUsage().rss;
  await store?.[1]();
  console.log(
    JSON.stringify({
      rate: rows / seconds,
      p50: part(commits, 0.5),
      p99: part(commits, 0.99),
      rss,
    }),
  );
  process.exit(0);
}

/** Lines that a child prints. */
async function* linesOf(child: ChildProcess): AsyncGenerator<string> {
  let text = "";
  for await (const chunk of child.stdout!) {
    text += chunk;
    const lines = text.split("\n");
    text = lines.pop()!;
    yield* lines;
  }
}

/** Sends an echo every millisecond, whether or not the last one was answered: no stall is left out. */
function ping(socket: Socket): { latencies: number[]; stop: () => void } {
  const latencies: number[] = [];
  const sent: number[] = [];
  let received = 0;
  const begin = performance.now();
  const echo = new Uint8Array(ECHO_BYTES);
  const timer = setInterval(() => {
    const due = Math.floor(performance.now() - begin);
    while (sent.length + latencies.length < due) {
      sent.push(performance.now());
      socket.write(echo);
    }
  }, 1);
  socket.on("data", (bytes) => {
    for (received += bytes.length; received >= ECHO_BYTES; received -= ECHO_BYTES) {
      latencies.push(performance.now() - sent.shift()!);
    }
  });
  socket.on("error", () => {});
  return { latencies, stop: () => clearInterval(timer) };
}

/** Figures of one run, in the order of the table's columns. */
type Figures = readonly number[];

async function run(command: readonly string[], mode: Mode, size: number): Promise<Figures> {
  const folder = mkdtempSync(join(process.env["BENCH_FOLDER"] ?? tmpdir(), "cogd-bench-"));
  try {
    const words = [...command, "serve", mode, String(size), folder];
    const child = spawn("/bin/sh", ["-c", 'exec "$0" "$@"', ...words], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    const printed = linesOf(child);
    const port = Number((await printed.next()).value?.split(" ")[1]);
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    socket.setNoDelay(true);
    const pings = ping(socket);
    const { rate, p50, p99, rss } = JSON.parse((await printed.next()).value ?? "{}");
    pings.stop();
    socket.destroy();
    await ended;
    const echoes = pings.latencies.sort((a, b) => a - b);
    return [rate, p50, p99, part(echoes, 0.5), part(echoes, 0.99), part(echoes, 1), rss / 1e6];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The value below which this part of a sorted list lies. */
function part(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Lines of the table, one for each place. */
async function lines(
  command: readonly string[],
  modes: readonly Mode[],
  size: number,
): Promise<string[]> {
  const runs: Figures[][] = modes.map(() => []);
  for (let i = 0; i < REPEATS; i++) {
    for (const [j, mode] of modes.entries()) runs[j]!.push(await run(command, mode, size));
  }
  return modes.map((mode, j) => line(mode, size, runs[j]!));
}

function line(mode: Mode, size: number, runs: readonly Figures[]): string {
  const median = (column: number) =>
    part(runs.map((figures) => figures[column] ?? 0).sort((a, b) => a - b), 0.5);
  const ms = (...columns: number[]) => columns.map((column) => median(column).toFixed(2));
  const cells = mode === "idle" ? ["idle", "–", "–", "–"] : [
    mode,
    size,
    Math.round(median(0)).toLocaleString("en"),
    ms(1, 2).join(" / "),
  ];
  return `| ${[...cells, ms(3, 4, 5).join(" / "), Math.round(median(6))].join(" | ")} |`;
}

const [role, mode, size, folder] = process.argv.slice(2);
if (role === "serve") {
  await serve(mode as Mode, Number(size), folder!);
} else {
  const given = process.argv.slice(2);
  const command = given.length > 0
    ? given
    : [process.execPath, "run", "-A", "scripts/bench_sqlite.ts"];
  console.log(
    "| where | batch | jobs/s | commit p50 / p99 ms | echo p50 / p99 / max ms | RSS MB |",
  );
  console.log("| --- | --- | --- | --- | --- | --- |");
  console.log((await lines(command, ["idle"], 1)).join("\n"));
  for (const batch of BATCHES) {
    console.log((await lines(command, ["main", "thread"], batch)).join("\n"));
  }
}
