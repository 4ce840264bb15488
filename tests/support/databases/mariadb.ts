import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { freePort } from "../free_port.ts";
import { runProgram } from "../run_program.ts";
import { ServerProcess } from "../server_process.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary_folder.ts";
import type { DatabaseServer } from "./database_server.ts";
import { LocalServer, prepared, START_PATIENCE_MS } from "./local_server.ts";
import { giveTo, isRoot, requireSuccess } from "./unprivileged.ts";

export interface StartMariadbOptions {
  /** Options of mariadbd, e.g. `--max-allowed-packet=1M`. They hold through restarts. */
  readonly args?: readonly string[];
}

/** MariaDB with a database `cogd` and its administrator `root` without a password. */
export interface Mariadb extends DatabaseServer {
  /** `url` for another user or database. */
  urlFor(parts: { user?: string; password?: string; database?: string }): string;
}

/** Debian's name for it. */
const USER = "mysql";

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
export async function startMariadb({ args = [] }: StartMariadbOptions = {}): Promise<Mariadb> {
  const server = new MariadbServer(await temporaryFolder(), await freePort(), args);
  return await prepared(server, async () => {
    await server.install();
    await server.restart();
    await server.sql("CREATE DATABASE cogd");
  });
}

class MariadbServer extends LocalServer implements Mariadb {
  protected readonly readyLine = /ready for connections/;
  readonly #folder: string;
  readonly #data: string;
  readonly #socket: string;
  readonly #args: readonly string[];
  readonly #user: readonly string[] = isRoot() ? [`--user=${USER}`] : [];

  constructor(folder: TemporaryFolder, port: number, args: readonly string[]) {
    super(folder, port);
    this.#folder = folder.path;
    this.#data = join(folder.path, "data");
    this.#socket = join(this.#data, "s");
    this.#args = args;
  }

  get url(): string {
    return this.urlFor({});
  }

  urlFor({ user = "root", password = "", database = "cogd" }): string {
    const secret = password === "" ? "" : `:${encodeURIComponent(password)}`;
    return `mysql://${encodeURIComponent(user)}${secret}@127.0.0.1:${this.port}/${database}`;
  }

  async install(): Promise<void> {
    await mkdir(this.#data, { mode: 0o700 });
    if (isRoot()) await giveTo(USER, [this.#folder, this.#data]);
    const installed = await runProgram("mariadb-install-db", [
      "--no-defaults",
      `--datadir=${this.#data}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      ...this.#user,
    ], { timeoutMs: START_PATIENCE_MS, env: this.#environment() });
    requireSuccess("mariadb-install-db", installed);
  }

  protected launch(): Promise<ServerProcess> {
    return ServerProcess.start("mariadbd", [
      "--no-defaults",
      `--datadir=${this.#data}`,
      `--socket=${this.#socket}`,
      `--port=${this.port}`,
      `--pid-file=${join(this.#data, "pid")}`,
      ...ARGS,
      ...this.#args,
      ...this.#user,
    ], { env: this.#environment() });
  }

  /**
   * A folder of its own for temporary tables: a server that starts removes all that it finds there, also
   * those of another server.
   */
  #environment(): Record<string, string> {
    return { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin`, TMPDIR: this.#folder };
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
}
