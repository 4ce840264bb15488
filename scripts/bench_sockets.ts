/**
 * Measures the sockets of src/runtime: messages per second and CPU time per message of a server with
 * 16 busy connections, for each way to find the end of a turn, beside plain `node:net`; and the memory of idle
 * connections. The figures and what follows from them are in docs/decisions/sockets.md.
 *
 *     bun scripts/bench_sockets.ts [options] "deno run -A" "bun" ["another command that runs TypeScript"]
 *
 *     --workloads=echo,relay,scatter,idle   --turn-ends=none,microtask,…,door   --sockets=door,node
 *     --window=10 (messages under way per connection)  --seconds=2  --rounds=3  --idle=10000
 *
 * The load comes from this process. It is fastest on Bun; `load` is its own share of a core: near
 * 100 % it, not the server, sets the rate, and only the CPU time per message is the server's.
 */

import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type Connection, dial } from "../src/runtime/mod.ts";
import { PROJECT_ROOT, ServerProcess } from "../tests/support/mod.ts";
import {
  CONNECTIONS,
  MESSAGE_BYTES,
  REPORT_REQUEST,
  type ServerReport,
  TURN_ENDS,
  type Workload,
  WORKLOADS,
} from "./bench_sockets_server.ts";

const WARM_UP_MS = 700;
const SETTLE_MS = 100;

interface Case {
  readonly command: string;
  readonly sockets: string;
  readonly turnEnd: string;
  readonly workload: Workload;
}

interface Outcome {
  readonly perSecond: number;
  readonly cpuMicros: number;
  readonly writesPerTurn: number;
  /** Of one core. */
  readonly loadShare: number;
}

/** One end of the load: gives back as many messages as come. */
class LoadPeer {
  readonly connection: Connection;
  messages = 0;
  #partial = 0;
  #message: Uint8Array;

  constructor(connection: Connection, window: number) {
    this.connection = connection;
    this.#message = new Uint8Array(MESSAGE_BYTES * window * CONNECTIONS).fill(120);
  }

  begin(window: number): void {
    this.connection.write(this.#message.subarray(0, MESSAGE_BYTES * window));
  }

  data(bytes: Uint8Array): void {
    this.#partial += bytes.length;
    let whole = Math.floor(this.#partial / MESSAGE_BYTES);
    this.#partial %= MESSAGE_BYTES;
    this.messages += whole;
    while (whole > 0) {
      const some = Math.min(whole, this.#message.length / MESSAGE_BYTES);
      this.connection.write(this.#message.subarray(0, some * MESSAGE_BYTES));
      whole -= some;
    }
  }
  drained(): void {}
  ended(): void {}
  closed(): void {}
}

/** A connection that asks the server for its totals. */
class Reporter {
  #answer: (report: ServerReport) => void = () => {};
  #connection: Connection | undefined;

  static async open(port: number): Promise<Reporter> {
    const reporter = new Reporter();
    reporter.#connection = await dial({ hostname: "127.0.0.1", port }, () => ({
      data: (bytes) => reporter.#answer(JSON.parse(new TextDecoder().decode(bytes))),
      drained() {},
      ended() {},
      closed() {},
    }));
    return reporter;
  }

  ask(): Promise<ServerReport> {
    return new Promise((resolve) => {
      this.#answer = resolve;
      this.#connection?.write(new TextEncoder().encode(REPORT_REQUEST));
    });
  }

  close(): void {
    this.#connection?.destroy();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function withServer<T>(
  { command, sockets, turnEnd, workload }: Case,
  measure: (port: number) => Promise<T>,
): Promise<T> {
  const [program, ...words] = command.split(" ");
  const script = join(PROJECT_ROOT, "scripts/bench_sockets_server.ts");
  const server = await ServerProcess.start(program!, [
    ...words,
    script,
    sockets,
    turnEnd,
    workload,
  ]);
  try {
    const line = await server.waitForLog("listening on");
    return await measure(Number(line.split(" ").at(-1)));
  } catch (error) {
    console.error(server.stderr);
    throw error;
  } finally {
    await server.kill9();
  }
}

async function measureRate(port: number, window: number, seconds: number): Promise<Outcome> {
  const peers: LoadPeer[] = [];
  for (let i = 0; i < CONNECTIONS; i++) {
    await dial({ hostname: "127.0.0.1", port }, (connection) => {
      const peer = new LoadPeer(connection, window);
      peers.push(peer);
      return peer;
    });
  }
  // The server may still have to accept the last ones.
  await pause(SETTLE_MS);
  for (const peer of peers) peer.begin(window);
  await pause(WARM_UP_MS);
  // Behind the others, so that it is no neighbour of theirs.
  const reporter = await Reporter.open(port);
  const total = () => peers.reduce((sum, { messages }) => sum + messages, 0);
  const before = await reporter.ask();
  const began = performance.now();
  const load = process.cpuUsage();
  const from = total();
  await pause(seconds * 1000);
  const messages = total() - from;
  const wallMs = performance.now() - began;
  const { user, system } = process.cpuUsage(load);
  const after = await reporter.ask();
  for (const { connection } of peers) connection.destroy();
  reporter.close();
  return {
    perSecond: messages / wallMs * 1000,
    cpuMicros: (after.cpuMs - before.cpuMs) * 1000 / messages,
    writesPerTurn: (after.writes - before.writes) / (after.turns - before.turns),
    loadShare: (user + system) / 1000 / wallMs,
  };
}

/** Bytes of memory per connection, after each was echoed one message. */
async function measureIdle(port: number, count: number): Promise<number> {
  const reporter = await Reporter.open(port);
  await pause(WARM_UP_MS);
  const before = await reporter.ask();
  const connections: Connection[] = [];
  for (let i = 0; i < count; i++) {
    await new Promise<void>((echoed, failed) => {
      dial({ hostname: "127.0.0.1", port }, () => ({
        data: () => echoed(),
        drained() {},
        ended() {},
        closed() {},
      })).then((connection) => {
        connections.push(connection);
        connection.write(new Uint8Array(MESSAGE_BYTES));
      }, failed);
    });
  }
  await pause(WARM_UP_MS);
  const after = await reporter.ask();
  for (const connection of connections) connection.destroy();
  reporter.close();
  return (after.rss - before.rss) / count;
}

/** The best of all rounds: what else the machine does can only make a round worse. */
function ratesText(outcomes: readonly Outcome[]): string {
  const most = (pick: (outcome: Outcome) => number) => Math.max(...outcomes.map(pick));
  const cpuMicros = Math.min(...outcomes.map((outcome) => outcome.cpuMicros));
  return [
    `${(most(({ perSecond }) => perSecond) / 1000).toFixed(0).padStart(5)} k/s`,
    `${cpuMicros.toFixed(2).padStart(6)} µs CPU each`,
    `${most(({ writesPerTurn }) => writesPerTurn).toFixed(1).padStart(4)} writes a turn`,
    `load ${(most(({ loadShare }) => loadShare) * 100).toFixed(0).padStart(3)} %`,
  ].join("  ");
}

function nameOf({ workload, command, sockets, turnEnd }: Case): string {
  return `${workload.padEnd(8)}${command.slice(-24).padEnd(25)}${sockets.padEnd(5)}${
    turnEnd.padEnd(16)
  }`;
}

const { values, positionals } = parseArgs({
  options: {
    workloads: { type: "string", default: WORKLOADS.join() },
    "turn-ends": { type: "string", default: TURN_ENDS.join() },
    sockets: { type: "string", default: "door,node" },
    window: { type: "string", default: "10" },
    seconds: { type: "string", default: "2" },
    rounds: { type: "string", default: "3" },
    idle: { type: "string", default: "10000" },
  },
  allowPositionals: true,
});

function casesOf(workload: Workload): Case[] {
  const turnEnds = workload === "idle" ? ["door"] : values["turn-ends"].split(",");
  return positionals.flatMap((command) =>
    values.sockets.split(",").flatMap((sockets) =>
      turnEnds.map((turnEnd) => ({ command, sockets, turnEnd, workload }))
    )
  );
}

for (const workload of values.workloads.split(",") as Workload[]) {
  const cases = casesOf(workload);
  if (workload === "idle") {
    for (const one of cases) {
      const each = await withServer(one, (port) => measureIdle(port, Number(values.idle)));
      console.log(`${nameOf(one)}${(each / 1000).toFixed(1)} kB per connection`);
    }
    continue;
  }
  const outcomes = cases.map((): Outcome[] => []);
  // Round by round, so that a busy moment of the machine does not hit one case only.
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [index, one] of cases.entries()) {
      const measure = (port: number) =>
        measureRate(port, Number(values.window), Number(values.seconds));
      outcomes[index]!.push(await withServer(one, measure));
    }
  }
  for (const [index, one] of cases.entries()) {
    console.log(`${nameOf(one)}${ratesText(outcomes[index]!)}`);
  }
}
