/**
 * The measured process of `bench_sockets.ts`: 16 sockets, small messages, one write per connection
 * and turn. Arguments: sockets (`door`, `node`), turn end, workload.
 */

import { createServer } from "node:net";
import process from "node:process";
import { afterTurn, listen } from "../src/runtime/mod.ts";

export const MESSAGE_BYTES = 64;
/** Busy ones; further ones only ask for reports. */
export const CONNECTIONS = 16;
/** What a peer sends to get a `ServerReport`; no multiple of a message. */
export const REPORT_REQUEST = "report";

/** How a turn's end is found. `door`: what `afterTurn` of src/runtime chose. `none`: not at all. */
export const TURN_ENDS = [
  "none",
  "microtask",
  "nextTick",
  "setImmediate",
  "MessageChannel",
  "door",
] as const;
export type TurnEnd = (typeof TURN_ENDS)[number];

export const WORKLOADS = ["echo", "relay", "scatter", "idle"] as const;
/** `relay`: to the neighbour; `scatter`: each message to another one. `idle`: as echo. */
export type Workload = (typeof WORKLOADS)[number];

/** Totals since the process began. */
export interface ServerReport {
  readonly cpuMs: number;
  readonly turns: number;
  readonly writes: number;
  readonly rss: number;
}

/** One socket of the server and what it is to send at the end of the turn. */
interface Peer {
  readonly write: (bytes: Uint8Array) => void;
  output: Uint8Array;
  used: number;
}

const peers: Peer[] = [];
const waiting: Peer[] = [];
let scheduled = false;
let turns = 0;
let writes = 0;
let next = 0;

function flush(): void {
  scheduled = false;
  turns++;
  for (const peer of waiting.splice(0)) {
    const bytes = peer.output.subarray(0, peer.used);
    peer.output = new Uint8Array(0);
    peer.used = 0;
    writes++;
    peer.write(bytes);
  }
}

function scheduleWith(turnEnd: TurnEnd): () => void {
  switch (turnEnd) {
    case "none":
      return flush;
    case "microtask":
      return () => queueMicrotask(flush);
    case "nextTick":
      return () => process.nextTick(flush);
    case "setImmediate":
      return () => setImmediate(flush);
    case "MessageChannel": {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = flush;
      return () => port2.postMessage(0);
    }
    case "door":
      return () => afterTurn(flush);
  }
}

function report(): Uint8Array {
  const { user, system } = process.cpuUsage();
  const { rss } = process.memoryUsage();
  const values: ServerReport = { cpuMs: (user + system) / 1000, turns, writes, rss };
  return new TextEncoder().encode(JSON.stringify(values));
}

/** What a new socket's bytes are to be given to. */
function receiver(
  write: (bytes: Uint8Array) => void,
  workload: Workload,
  schedule: () => void,
): (bytes: Uint8Array) => void {
  const own = peers.push({ write, output: new Uint8Array(0), used: 0 }) - 1;
  const send = (to: number, bytes: Uint8Array) => {
    const peer = peers[to]!;
    if (peer.used === 0) waiting.push(peer);
    const needed = peer.used + bytes.length;
    if (needed > peer.output.length) {
      const larger = new Uint8Array(Math.max(4096, needed * 2));
      larger.set(peer.output.subarray(0, peer.used));
      peer.output = larger;
    }
    peer.output.set(bytes, peer.used);
    peer.used = needed;
    if (scheduled) return;
    scheduled = true;
    schedule();
  };
  return (bytes) => {
    if (bytes.length === REPORT_REQUEST.length) return write(report());
    if (workload === "relay") return send(own ^ 1, bytes);
    if (workload !== "scatter") return send(own, bytes);
    for (let at = 0; at < bytes.length; at += MESSAGE_BYTES) {
      next = (next + 1) % CONNECTIONS;
      send(next, bytes.subarray(at, at + MESSAGE_BYTES));
    }
  };
}

async function listenBy(
  sockets: string,
  opened: (write: (bytes: Uint8Array) => void) => (bytes: Uint8Array) => void,
): Promise<number> {
  if (sockets === "node") {
    const server = createServer((socket) => {
      socket.setNoDelay(true);
      socket.on("data", opened((bytes) => socket.write(bytes)));
      socket.on("error", () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 4096, resolve));
    return (server.address() as { port: number }).port;
  }
  const options = {
    hostname: "127.0.0.1",
    port: 0,
    backlog: 4096,
    keepAlive: { enabled: true },
  };
  const listener = await listen(options, {
    connection: (connection) => ({
      data: opened((bytes) => connection.write(bytes)),
      drained() {},
      ended: () => connection.end(),
      closed() {},
    }),
    acceptFailed(cause) {
      throw cause;
    },
    acceptResumed() {},
  });
  return listener.address.port;
}

if (import.meta.main) {
  const [sockets, turnEnd, workload] = process.argv.slice(2);
  const schedule = scheduleWith(turnEnd as TurnEnd);
  const port = await listenBy(
    sockets!,
    (write) => receiver(write, workload as Workload, () => schedule()),
  );
  process.stderr.write(`listening on ${port}\n`);
}
