import { chown, mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "../free_port.ts";
import { type ProgramResult, runProgram } from "../run_program.ts";
import { ServerProcess } from "../server_process.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary_folder.ts";
import type { DatabaseServer } from "./database_server.ts";

export interface StartMariadbOptions {
  /** Options of mariadbd, e.g. `--max-allowed-packet=1M`. They hold through restarts. */
  readonly args?: readonly string[];
}

/** MariaDB with a database `cogd` and its administrator `root` without a password. */
export interface Mariadb extends DatabaseServer {
  /** `url` for another user or database. */
  urlFor(parts: { user?: string; password?: string; database?: string }): string;
}

/** A busy machine needs long for a first start. */
const START_PATIENCE_MS = 120_000;
const STOP_PATIENCE_MS = 60_000;

/** Small: a test's server shares the machine with others. */
const ARGS = [
  "--bind-address=127.0.0.1",
  "--skip-name-resolve",
  "--skip-log-bin",
  "--innodb-buffer-pool-size=32M",
  "--innodb-log-file-size=32M",
  "--performance-schema=OFF",
  "--max-connections=60",
] as const;

/** Installs an empty MariaDB in a folder of its own and starts it on a free port. */
export async function startMariadb(options: StartMariadbOptions = {}): Promise<Mariadb> {
  const folder = await temporaryFolder();
  const server = new MariadbServer(folder, await freePort(), options.args ?? []);
  try {
    await server.install();
    await server.restart();
    await server.sql("CREATE DATABASE cogd");
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

class MariadbServer implements Mariadb {
  readonly port: number;
  readonly #folder: TemporaryFolder;
  readonly #data: string;
  readonly #socket: string;
  readonly #args: readonly string[];
  /** mariadbd refuses to be root; Debian's package has made a user for it. */
  readonly #user: readonly string[] = process.getuid?.() === 0 ? ["--user=mysql"] : [];
  #process: ServerProcess | null = null;
  #earlierLog = "";

  constructor(folder: TemporaryFolder, port: number, args: readonly string[]) {
    this.#folder = folder;
    this.port = port;
    this.#data = join(folder.path, "data");
    this.#socket = join(folder.path, "data", "s");
    this.#args = args;
  }

  get url(): string {
    return this.urlFor({});
  }

  get log(): string {
    return this.#earlierLog + (this.#process?.stderr ?? "");
  }

  urlFor({ user = "root", password = "", database = "cogd" }): string {
    const secret = password === "" ? "" : `:${encodeURIComponent(password)}`;
    return `mysql://${encodeURIComponent(user)}${secret}@127.0.0.1:${this.port}/${database}`;
  }

  async install(): Promise<void> {
    await mkdir(this.#data, { mode: 0o700 });
    if (this.#user.length > 0) await giveTo("mysql", [this.#folder.path, this.#data]);
    const installed = await runProgram("mariadb-install-db", [
      "--no-defaults",
      `--datadir=${this.#data}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      ...this.#user,
    ], { timeoutMs: START_PATIENCE_MS, env: searchPath() });
    requireSuccess("mariadb-install-db", installed);
  }

  async restart(): Promise<void> {
    await this.stop();
    const server = await ServerProcess.start("mariadbd", [
      "--no-defaults",
      `--datadir=${this.#data}`,
      `--socket=${this.#socket}`,
      `--port=${this.port}`,
      `--pid-file=${join(this.#data, "pid")}`,
      ...ARGS,
      ...this.#args,
      ...this.#user,
    ], { env: searchPath() });
    this.#process = server;
    await server.waitForLog("ready for connections", { ms: START_PATIENCE_MS });
  }

  async sql(text: string): Promise<string> {
    const result = await runProgram("mariadb", [
      "--no-defaults",
      `--socket=${this.#socket}`,
      "--user=root",
      "--batch",
      "--skip-column-names",
      "--default-character-set=utf8mb4",
      "--binary-mode",
    ], { stdin: text });
    requireSuccess(`mariadb with "${text.slice(0, 200)}"`, result);
    return result.stdout;
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

function searchPath(): { PATH: string } {
  return { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` };
}

async function giveTo(user: string, paths: readonly string[]): Promise<void> {
  const [uid, gid] = await Promise.all(["-u", "-g"].map(async (option) => {
    const found = await runProgram("id", [option, user]);
    requireSuccess(`id ${user}`, found);
    return Number(found.stdout);
  }));
  for (const path of paths) await chown(path, uid!, gid!);
}

function requireSuccess(what: string, { code, output }: ProgramResult): void {
  if (code !== 0) throw new Error(`Cannot run ${what}: exit code ${code}: ${output}`);
}
