import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "../free_port.ts";
import { runProgram } from "../run_program.ts";
import { ServerProcess } from "../server_process.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary_folder.ts";
import type { DatabaseServer } from "./database_server.ts";

export interface StartRedisOptions {
  /** Options of redis-server, e.g. `--maxmemory`, `8mb`. They hold through restarts. */
  readonly args?: readonly string[];
  /** Keep an append-only file, synced before each answer. Default true; false keeps nothing. */
  readonly durable?: boolean;
}

/** Redis, or what `COGD_REDIS_SERVER` names in its place (Valkey, another version). */
export interface Redis extends DatabaseServer {
  /** Where it keeps its files. */
  readonly folder: string;
  /** `url` for a user, a database, or another port in front of the server. */
  urlFor(parts: { user?: string; password?: string; database?: number; port?: number }): string;
  /**
   * Runs commands, one a line, as redis-cli takes them (`SET "a\x00" b`), all in one connection.
   * Answers what it prints when it does not print for people: values as they are, a line each. Users
   * outlive a restart after `ACL SAVE`.
   */
  sql(text: string): Promise<string>;
}

const START_PATIENCE_MS = 60_000;
const STOP_PATIENCE_MS = 30_000;

/** Starts an empty Redis in a folder of its own, on a free port. */
export async function startRedis(options: StartRedisOptions = {}): Promise<Redis> {
  const folder = await temporaryFolder();
  const data = join(folder.path, "data");
  await mkdir(data, { mode: 0o700 });
  const users = join(folder.path, "users.acl");
  await writeFile(users, "");
  const kept = options.durable === false ? "no" : "yes";
  const server = new RedisServer(folder, data, await freePort(), [
    ...["--appendonly", kept, "--appendfsync", "always", "--save", "", "--aclfile", users],
    ...(options.args ?? []),
  ]);
  try {
    await server.restart();
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

class RedisServer implements Redis {
  readonly port: number;
  readonly folder: string;
  readonly #folder: TemporaryFolder;
  readonly #args: readonly string[];
  #process: ServerProcess | null = null;
  #earlierLog = "";

  constructor(folder: TemporaryFolder, data: string, port: number, args: readonly string[]) {
    this.#folder = folder;
    this.folder = data;
    this.port = port;
    this.#args = args;
  }

  get url(): string {
    return this.urlFor({});
  }

  get log(): string {
    return this.#earlierLog + (this.#process?.stderr ?? "");
  }

  urlFor({ user = "", password = "", database, port = this.port }: {
    user?: string;
    password?: string;
    database?: number;
    port?: number;
  }): string {
    const secret = password === "" ? "" : `:${encodeURIComponent(password)}`;
    const who = user === "" && secret === "" ? "" : `${encodeURIComponent(user)}${secret}@`;
    return `redis://${who}127.0.0.1:${port}${database === undefined ? "" : `/${database}`}`;
  }

  async restart(): Promise<void> {
    await this.stop();
    const program = process.env["COGD_REDIS_SERVER"] ?? "redis-server";
    // It logs to stdout; the shell gives its place, and its process number, to the server.
    const server = await ServerProcess.start("sh", [
      "-c",
      'exec "$@" >&2',
      "sh",
      program,
      ...["--bind", "127.0.0.1", "--port", `${this.port}`, "--dir", this.folder],
      ...this.#args,
    ], { cwd: this.folder });
    this.#process = server;
    await server.waitForLog(/ready to accept connections/i, { ms: START_PATIENCE_MS });
  }

  async sql(text: string): Promise<string> {
    const { code, output, stdout } = await runProgram("redis-cli", ["-p", `${this.port}`], {
      stdin: text,
    });
    if (code !== 0) throw new Error(`Cannot run redis-cli: exit code ${code}: ${output}`);
    return stdout;
  }

  async stop(): Promise<void> {
    this.resume();
    await this.#process?.stop(STOP_PATIENCE_MS);
    this.#forget();
  }

  async kill9(): Promise<void> {
    await this.#process?.kill9();
    this.#forget();
  }

  pause(): void {
    this.#process?.signal("SIGSTOP");
  }

  resume(): void {
    this.#process?.signal("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.kill9();
    } finally {
      await this.#folder.remove();
    }
  }

  #forget(): void {
    this.#earlierLog = this.log;
    this.#process = null;
  }
}
