import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../free_port.ts";
import { childrenOf, signalIfThere } from "../process_family.ts";
import { type ProgramResult, runProgram } from "../run_program.ts";
import { ServerProcess } from "../server_process.ts";
import { type TemporaryFolder, temporaryFolder } from "../temporary_folder.ts";
import type { DatabaseServer } from "./database_server.ts";
import { LocalServer, prepared, START_PATIENCE_MS } from "./local_server.ts";
import { postgresProgram } from "./postgres_program.ts";
import { giveTo, isRoot, requireSuccess } from "./unprivileged.ts";

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
export async function startPostgres({ settings = [] }: StartPostgresOptions = {}): Promise<
  Postgres
> {
  const server = new PostgresServer(await temporaryFolder(), await freePort(), settings);
  return await prepared(server, async () => {
    await server.install();
    await server.restart();
    await server.sqlIn("postgres", "CREATE DATABASE cogd");
  });
}

class PostgresServer extends LocalServer implements Postgres {
  protected readonly readyLine = /database system is ready to accept (read-only )?connections/;
  /** As `pg_ctl stop -m fast`: sessions are ended, transactions rolled back. */
  protected override readonly stopSignal = "SIGINT";
  readonly folder: string;
  readonly #data: string;
  readonly #settings: readonly string[];

  constructor(folder: TemporaryFolder, port: number, settings: readonly string[]) {
    super(folder, port);
    this.folder = folder.path;
    this.#data = join(folder.path, "data");
    this.#settings = [...SETTINGS, ...settings];
  }

  get url(): string {
    return this.urlFor({});
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
    if (isRoot()) await giveTo(USER, [this.folder, this.#data]);
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

  protected async launch(): Promise<ServerProcess> {
    // A killed server may have left it, and its number may be another process's by now.
    await rm(join(this.#data, "postmaster.pid"), { force: true });
    const { command, args } = userCommand("postgres", [
      "-D",
      this.#data,
      "-p",
      `${this.port}`,
      "-k",
      this.folder,
      ...this.#settings.flatMap((setting) => ["-c", setting]),
    ]);
    return await ServerProcess.start(command, args, { env: PLAIN_LANGUAGE });
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
      `--host=${this.folder}`,
      `--port=${this.port}`,
      "--username=tester",
      `--dbname=${database}`,
    ], { stdin: text, env: { ...PLAIN_LANGUAGE, PGCLIENTENCODING: "UTF8" } });
    requireSuccess(`psql with "${text.slice(0, 200)}"`, result);
    return result.stdout;
  }

  reload(): void {
    this.signal("SIGHUP");
  }

  crash(): Promise<void> {
    return this.end("SIGQUIT");
  }

  async place(name: string, content: string): Promise<string> {
    const path = join(this.#data, name);
    const script = 'umask 077; cat > "$0"';
    requireSuccess("sh", await asUser("sh", ["-c", script, path], content));
    return path;
  }

  protected override signalAll(server: ServerProcess, signal: NodeJS.Signals): void {
    // Stopped, it starts no more children meanwhile.
    server.signal("SIGSTOP");
    for (const pid of childrenOf(server.pid)) signalIfThere(pid, signal);
    server.signal(signal);
  }
}

/** Messages as this file expects them. */
const PLAIN_LANGUAGE = { LC_ALL: "C", TZ: "UTC" } as const;

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
