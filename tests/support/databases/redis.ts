import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "../free_port.ts";
import { runProgram } from "../run_program.ts";
import { ServerProcess } from "../server_process.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary_folder.ts";
import type { DatabaseServer } from "./database_server.ts";
import { LocalServer, prepared } from "./local_server.ts";
import { requireSuccess } from "./unprivileged.ts";

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

/** Starts an empty Redis in a folder of its own, on a free port. */
export async function startRedis({ args = [], durable = true }: StartRedisOptions = {}): Promise<
  Redis
> {
  const folder = await temporaryFolder();
  const users = join(folder.path, "users.acl");
  const kept = durable ? "yes" : "no";
  const server = new RedisServer(folder, await freePort(), [
    ...["--appendonly", kept, "--appendfsync", "always", "--save", "", "--aclfile", users],
    ...args,
  ]);
  return await prepared(server, async () => {
    await mkdir(server.folder, { mode: 0o700 });
    await writeFile(users, "");
    await server.restart();
  });
}

class RedisServer extends LocalServer implements Redis {
  protected readonly readyLine = /ready to accept connections/i;
  readonly folder: string;
  readonly #args: readonly string[];

  constructor(folder: TemporaryFolder, port: number, args: readonly string[]) {
    super(folder, port);
    this.folder = join(folder.path, "data");
    this.#args = args;
  }

  get url(): string {
    return this.urlFor({});
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

  protected launch(): Promise<ServerProcess> {
    const program = process.env["COGD_REDIS_SERVER"] ?? "redis-server";
    // It logs to stdout; the shell gives its place, and its process number, to the server.
    return ServerProcess.start("sh", [
      "-c",
      'exec "$@" >&2',
      "sh",
      program,
      ...["--bind", "127.0.0.1", "--port", `${this.port}`, "--dir", this.folder],
      ...this.#args,
    ], { cwd: this.folder });
  }

  async sql(text: string): Promise<string> {
    const result = await runProgram("redis-cli", ["-p", `${this.port}`], { stdin: text });
    requireSuccess("redis-cli", result);
    return result.stdout;
  }
}
