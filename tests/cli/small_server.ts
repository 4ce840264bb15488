/**
 * A program for the tests of the command line: all of cogd's start and stop around a server that
 * only counts. A connection sends lines: `job` and `done` change the number of jobs and are answered
 * with it, `log` writes a NOTICE, `crash` throws where nobody catches, `config` is answered with the
 * configuration. `--namespace` asks for failures: `no-store`, `no-replay`.
 */

import type { Buffer } from "node:buffer";
import { writeSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { memoryPlugin } from "../../plugins/memory/mod.ts";
import { sqlitePlugin } from "../../plugins/sqlite/mod.ts";
import {
  ENVIRONMENT_NAMES,
  run,
  type ServeConfig,
  type ServedQueue,
  type StartParts,
} from "../../src/cli/mod.ts";
import { StoreError } from "../../src/plugin_api/mod.ts";
import {
  type Connection,
  type Listen,
  type ListenAddress,
  ListenError,
  processArguments,
  readEnvironment,
} from "../../src/runtime/mod.ts";

class SmallServer implements ServedQueue {
  readonly addresses: ListenAddress[] = [];
  readonly httpAddresses: readonly ListenAddress[] = [];
  readonly store;
  readonly loaded: Promise<number>;
  readonly lost: Promise<Error>;
  readonly #config: ServeConfig;
  readonly #parts: StartParts;
  readonly #sockets = new Set<Socket>();
  #jobs = 0;
  #drained = () => {};

  constructor(config: ServeConfig, parts: StartParts) {
    this.#config = config;
    this.#parts = parts;
    this.store = { description: `small ${config.dataDir}`, durability: "restart" as const };
    this.loaded = config.queue.namespace === "no-replay"
      ? Promise.reject(new StoreError("DAMAGED", "Cannot read the queue: it is only a test"))
      : Promise.resolve(3);
    const fault = new StoreError("TAKEN_OVER", "another server has this queue: it is only a test");
    this.lost = config.queue.namespace === "lost" ? Promise.resolve(fault) : new Promise(() => {});
  }

  static async start(config: ServeConfig, parts: StartParts): Promise<ServedQueue> {
    if (config.queue.namespace === "no-store") {
      throw new StoreError("CANNOT_OPEN", "Cannot open the queue: it is only a test");
    }
    const server = new SmallServer(config, parts);
    for (const where of parts.listenOn) await server.#listen(where);
    return server;
  }

  drain(): Promise<void> {
    servers.forEach((server) => server.close());
    return new Promise((resolve) => {
      this.#drained = resolve;
      if (this.#jobs === 0) resolve();
    });
  }

  stop(): Promise<void> {
    servers.forEach((server) => server.close());
    this.#sockets.forEach((socket) => socket.destroy());
    return Promise.resolve();
  }

  async #listen(where: ListenAddress): Promise<void> {
    const { backlog, keepAlive } = this.#config;
    const nobody = { connection: unused, acceptFailed() {}, acceptResumed() {} };
    const listener = await this.#parts.listen({ ...where, backlog, keepAlive }, nobody);
    this.addresses.push(listener.address);
    servers.at(-1)!.on("connection", (socket) => this.#serve(socket));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      for (const line of bytes.toString().trim().split("\n")) socket.write(this.#answer(line));
      if (this.#jobs === 0) this.#drained();
    });
  }

  #answer(line: string): string {
    if (line === "job") this.#jobs++;
    if (line === "done") this.#jobs--;
    if (line === "log") this.#parts.log.log("NOTICE", "asked to log");
    if (line === "crash") queueMicrotask(unused);
    if (line === "config") return `${JSON.stringify(this.#config, asText)}\n`;
    return `${this.#jobs}\n`;
  }
}

function unused(connection?: Connection): never {
  throw new Error(`nobody catches this ${connection?.remoteAddress ?? ""}`);
}

function asText(_name: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  return typeof value === "bigint" ? String(value) : value;
}

const servers: Server[] = [];

const listen: Listen = ({ hostname, port }) =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", (cause: Error & { code?: string }) => {
      const code = cause.code === "EADDRINUSE" ? "ADDRESS_IN_USE" : "SOCKET_FAILED";
      reject(new ListenError(code, `Cannot listen on ${hostname}:${port}: ${cause.message}`));
    });
    server.listen(port, hostname, () => {
      servers.push(server);
      const bound = server.address();
      if (bound === null || typeof bound === "string") throw new Error("no address");
      const address = { hostname: bound.address, port: bound.port };
      resolve({ address, close: () => Promise.resolve() });
    });
  });

process.exit(
  await run(processArguments(), readEnvironment(ENVIRONMENT_NAMES), {
    plugins: [memoryPlugin, sqlitePlugin],
    listen,
    start: SmallServer.start,
    stdout: (text) => writeSync(1, text),
    stderr: (text) => writeSync(2, text),
    defaultConfigFiles: [],
  }),
);
