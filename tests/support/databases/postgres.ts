import { chown, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { deadline } from "../deadline.ts";
import { freePort } from "../free_port.ts";
import { childrenOf, signalIfThere } from "../process_family.ts";
import { type ProgramResult, runProgram } from "../run_program.ts";
import { ServerProcess } from "../server_process.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary_folder.ts";
import type { DatabaseServer } from "./database_server.ts";
import { postgresProgram } from "./postgres_program.ts";

export interface StartPostgresOptions {
  /** Settings of the server, e.g. `fsync=off`. They hold through restarts. */
  readonly settings?: readonly string[];
}

/** PostgreSQL with a database `cogd` and its administrator `tester`, who needs no password. */
export interface Postgres extends DatabaseServer {
  /** Folder of its Unix socket. */
  readonly folder: string;
  /** `url` for another user or database, or another port in front of the server. */
  urlFor(
    parts: { user?: string; password?: string; database?: string; port?: number },
  ): string;
  /** As `sql`, in another database than `cogd`. */
  sqlIn(database: string, text: string): Promise<string>;
  /** Reads its configuration files again. */
  reload(): void;
  /** Replaces the rules of who may enter over TCP (pg_hba.conf); `reload` makes them hold. */
  allow(rules: string): Promise<void>;
  /** As `pg_ctl stop -m immediate`: like a crash. */
  crash(): Promise<void>;
  /** A file beside the server's data that its user may read. Answers the path. */
  place(name: string, content: string): Promise<string>;
}

/** A busy machine needs long for a first start. */
const START_PATIENCE_MS = 120_000;
const STOP_PATIENCE_MS = 60_000;

/** Small: a test's server shares the machine with others. */
const SETTINGS = [
  "listen_addresses=127.0.0.1",
  "shared_buffers=16MB",
  "max_connections=40",
  "max_wal_size=256MB",
  "log_line_prefix=%m [%p] ",
  "autovacuum_naptime=5s",
] as const;

/** Who the server runs as where the tests run as root, which PostgreSQL refuses; Debian's package has made it. */
const USER = "postgres";

/** Installs an empty PostgreSQL in a folder of its own and starts it on a free port. */
export async function startPostgres(options: StartPostgresOptions = {}): Promise<Postgres> {
  const folder = await temporaryFolder();
  const server = new PostgresServer(folder, await freePort(), options.settings ?? []);
  try {
    await server.install();
    await server.restart();
    await server.sqlIn("postgres", "CREATE DATABASE cogd");
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

class PostgresServer implements Postgres {
  readonly port: number;
  readonly #folder: TemporaryFolder;
  readonly #data: string;
  readonly #settings: readonly string[];
  #process: ServerProcess | null = null;
  #paused = false;
  #earlierLog = "";

  constructor(folder: TemporaryFolder, port: number, settings: readonly string[]) {
    this.#folder = folder;
    this.port = port;
    this.#data = join(folder.path, "data");
    this.#settings = [...SETTINGS, ...settings];
  }

  get folder(): string {
    return this.#folder.path;
  }

  get url(): string {
    return this.urlFor({});
  }

  get log(): string {
    return this.#earlierLog + (this.#process?.stderr ?? "");
  }

  urlFor(
    { user = "tester", password = "", database = "cogd", port = this.port }: {
      user?: string;
      password?: string;
      database?: string;
      port?: number;
    },
  ): string {
    const secret = password === "" ? "" : `:${encodeURIComponent(password)}`;
    const who = `${encodeURIComponent(user)}${secret}`;
    return `postgresql://${who}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  }

  async install(): Promise<void> {
    await mkdir(this.#data, { mode: 0o700 });
    if (isRoot()) await giveAway([this.#folder.path, this.#data]);
    const installed = await asUser("initdb", [
      `--pgdata=${this.#data}`,
      "--username=tester",
      "--auth-local=trust",
      // `tester` needs no password; users that a test makes do.
      "--auth-host=scram-sha-256",
      "--encoding=UTF8",
      "--no-locale",
      "--no-sync",
    ]);
    requireSuccess("initdb", installed);
    await this.allow("host all tester 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256");
  }

  async allow(rules: string): Promise<void> {
    await this.place("pg_hba.conf", `local all all trust\n${rules}\n`);
  }

  async restart(): Promise<void> {
    await this.stop();
    // A killed server may have left it, and its number may be another process's by now.
    await rm(join(this.#data, "postmaster.pid"), { force: true });
    const { command, args } = userCommand("postgres", [
      "-D",
      this.#data,
      "-p",
      `${this.port}`,
      "-k",
      this.#folder.path,
      ...this.#settings.flatMap((setting) => ["-c", setting]),
    ]);
    const server = await ServerProcess.start(command, args, { env: PLAIN_LANGUAGE });
    this.#process = server;
    await server.waitForLog(/database system is ready to accept (read-only )?connections/, {
      ms: START_PATIENCE_MS,
    });
  }

  sql(text: string): Promise<string> {
    return this.sqlIn("cogd", text);
  }

  async sqlIn(database: string, text: string): Promise<string> {
    const result = await runProgram(postgresProgram("psql"), [
      "--no-psqlrc",
      "--quiet",
      "--tuples-only",
      "--no-align",
      "--field-separator=\t",
      "--set=ON_ERROR_STOP=1",
      `--host=${this.#folder.path}`,
      `--port=${this.port}`,
      "--username=tester",
      `--dbname=${database}`,
    ], { stdin: text, env: { ...PLAIN_LANGUAGE, PGCLIENTENCODING: "UTF8" } });
    requireSuccess(`psql with "${text.slice(0, 200)}"`, result);
    return result.stdout;
  }

  reload(): void {
    this.#process?.signal("SIGHUP");
  }

  /** As `pg_ctl stop -m fast`: sessions are ended, transactions rolled back. */
  stop(): Promise<void> {
    return this.#end("SIGINT");
  }

  crash(): Promise<void> {
    return this.#end("SIGQUIT");
  }

  /** The postmaster alone: its children end by themselves when they notice, after their statement. */
  kill9(): Promise<void> {
    return this.#end("SIGKILL");
  }

  pause(): void {
    this.#paused = true;
    this.#signalAll("SIGSTOP");
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#signalAll("SIGCONT");
  }

  async place(name: string, content: string): Promise<string> {
    const path = join(this.#data, name);
    const script = 'umask 077; cat > "$0"';
    requireSuccess("sh", await asUser("sh", ["-c", script, path], content));
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#signalAll("SIGKILL");
      await this.kill9();
    } finally {
      await this.#folder.remove();
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    this.resume();
    const server = this.#process;
    if (server === null) return;
    server.signal(signal);
    // Settles when its children have closed its log, too: until then it cannot be started again.
    await deadline(
      server.exited,
      STOP_PATIENCE_MS,
      `postgres to end after ${signal}`,
      () => this.log,
    );
    this.#earlierLog = this.log;
    this.#process = null;
  }

  #signalAll(signal: NodeJS.Signals): void {
    const server = this.#process;
    if (server === null) return;
    // Stopped, it starts no more children meanwhile.
    server.signal("SIGSTOP");
    for (const pid of childrenOf(server.pid)) signalIfThere(pid, signal);
    server.signal(signal);
  }
}

/** Messages as this file expects them. */
const PLAIN_LANGUAGE = { LC_ALL: "C", TZ: "UTC" } as const;

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function userCommand(
  program: string,
  args: readonly string[],
): { command: string; args: readonly string[] } {
  const path = postgresProgram(program);
  if (!isRoot()) return { command: path, args };
  const change = [`--reuid=${USER}`, `--regid=${USER}`, "--clear-groups"];
  return { command: "setpriv", args: [...change, path, ...args] };
}

function asUser(program: string, args: readonly string[], stdin = ""): Promise<ProgramResult> {
  const changed = userCommand(program, args);
  return runProgram(changed.command, changed.args, {
    stdin,
    env: PLAIN_LANGUAGE,
    timeoutMs: START_PATIENCE_MS,
  });
}

async function giveAway(paths: readonly string[]): Promise<void> {
  const [uid, gid] = await Promise.all(["-u", "-g"].map(async (option) => {
    const found = await runProgram("id", [option, USER]);
    requireSuccess(`id ${USER}`, found);
    return Number(found.stdout);
  }));
  for (const path of paths) await chown(path, uid!, gid!);
}

function requireSuccess(what: string, { code, output }: ProgramResult): void {
  if (code !== 0) throw new Error(`Cannot run ${what}: exit code ${code}: ${output}`);
}
