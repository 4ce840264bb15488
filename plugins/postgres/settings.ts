import { existsSync, readFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { StoreError, type StoreOption, type StoreOptions } from "../../src/plugin_api/mod.ts";
import { type Conninfo, parseConninfo } from "./conninfo.ts";
import { passwordFrom } from "./password_file.ts";
import { type TlsSettings, tlsSettings } from "./tls.ts";

const CONNINFO = "libpq-conninfo";
const TABLE = "libpq-table";
const URL_OPTION = "postgres-url";
const PASSWORD_FILE = "postgres-password-file";
/** C gearmand's default. */
const DEFAULT_TABLE = "queue";
const DEFAULT_PORT = 5432;
/** Where Debian's and where PostgreSQL's own servers have their sockets. */
const SOCKET_FOLDERS = ["/var/run/postgresql", "/tmp"] as const;

/** gearmand's own options (its `--help`, section Postgres), and the URL that everything else uses. */
export const POSTGRES_OPTIONS: readonly StoreOption[] = [
  {
    name: CONNINFO,
    kind: "secret",
    valueName: "TEXT",
    help:
      "PostgreSQL's connection parameters, keyword=value or a URL; what is not in it is taken " +
      "from the PG… environment",
  },
  {
    name: TABLE,
    kind: "text",
    valueName: "NAME",
    help: "Table of C gearmand whose jobs are taken over when the database has it",
    default: DEFAULT_TABLE,
  },
  {
    name: URL_OPTION,
    kind: "secret",
    valueName: "URL",
    help:
      "The same as a URL, postgres://USER@HOST/DATABASE; a password is better kept in PGPASSFILE",
  },
  {
    name: PASSWORD_FILE,
    kind: "text",
    valueName: "FILE",
    help: "File whose first line is the password",
  },
];

/** The environment variables of libpq that mean something here. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  application_name: "PGAPPNAME",
  dbname: "PGDATABASE",
  host: "PGHOST",
  hostaddr: "PGHOSTADDR",
  options: "PGOPTIONS",
  passfile: "PGPASSFILE",
  password: "PGPASSWORD",
  port: "PGPORT",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
  sslmode: "PGSSLMODE",
  sslrootcert: "PGSSLROOTCERT",
  target_session_attrs: "PGTARGETSESSIONATTRS",
  user: "PGUSER",
};

/** One server of which one is to be used. */
export interface PostgresHost {
  /** Name, for messages and certificates; a folder for a Unix socket. */
  readonly name: string;
  /** What is connected to: the name, or an address that was given beside it. */
  readonly address: string;
  readonly port: number;
  readonly password: string;
}

export interface PostgresSettings {
  /** To be tried in this order. At least one. */
  readonly hosts: readonly PostgresHost[];
  readonly user: string;
  readonly database: string;
  readonly tls: TlsSettings;
  readonly applicationName: string;
  readonly options: string | undefined;
  /** Name of the table of C gearmand, as it stands in SQL. */
  readonly gearmandTable: string;
}

/** Throws `INVALID_OPTION`. `warn` gets what the operator should know; passwords never. */
export function postgresSettings(
  { values }: StoreOptions,
  warn: (text: string) => void,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): PostgresSettings {
  const given = new Map([
    ...readOption(values, CONNINFO),
    ...readOption(values, URL_OPTION),
  ]);
  const parameter = (keyword: string): string | undefined => {
    const variable = ENVIRONMENT[keyword];
    const value = given.get(keyword) ??
      (variable === undefined ? undefined : environment[variable]);
    return value === "" ? undefined : value;
  };
  const attributes = parameter("target_session_attrs") ?? "any";
  if (!["any", "read-write", "primary", "prefer-standby"].includes(attributes)) {
    throw refused(
      `target_session_attrs "${attributes}": a queue needs a server that can be written`,
    );
  }
  const user = parameter("user") ?? ownName();
  const database = parameter("dbname") ?? user;
  const passfile = parameter("passfile") ?? join(homedir(), ".pgpass");
  const own = values.get(PASSWORD_FILE);
  const ownPassword = own === undefined ? undefined : firstLineOf(own);
  const password = (name: string, port: number) =>
    ownPassword ?? parameter("password") ??
      passwordFrom(passfile, { host: name, port, database, user }, warn) ??
      "";
  return {
    hosts: hostsOf(parameter).map((host) => ({
      ...host,
      password: password(host.name, host.port),
    })),
    user,
    database,
    tls: tlsSettings(parameter),
    applicationName: parameter("application_name") ?? parameter("fallback_application_name") ??
      "cogd",
    options: parameter("options"),
    gearmandTable: tableOf(values),
  };
}

function firstLineOf(path: string): string {
  try {
    return readFileSync(path, "utf8").split(/\r?\n/, 1)[0]!;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new StoreError("INVALID_OPTION", `Cannot read --${PASSWORD_FILE} "${path}": ${why}`, {
      cause,
    });
  }
}

function readOption(values: ReadonlyMap<string, string>, option: string): Conninfo {
  return parseConninfo(values.get(option) ?? "", option);
}

type Parameter = (keyword: string) => string | undefined;

/** Hosts, addresses and ports are lists; one port holds for all hosts. */
function hostsOf(parameter: Parameter): Omit<PostgresHost, "password">[] {
  const names = listOf(parameter("host"));
  const addresses = listOf(parameter("hostaddr"));
  const ports = listOf(parameter("port"));
  const count = Math.max(names.length, addresses.length, 1);
  for (const [what, list] of [["host", names], ["hostaddr", addresses]] as const) {
    if (list.length > 1 && list.length !== count) {
      throw refused(`${list.length} values of ${what} for ${count} servers: give one for each`);
    }
  }
  if (ports.length > 1 && ports.length !== count) {
    throw refused(`${ports.length} ports for ${count} servers: give one port, or one for each`);
  }
  return Array.from({ length: count }, (_, i) => {
    const port = portOf(ports.length > 1 ? ports[i]! : ports[0] ?? "");
    const address = addresses[i] || undefined;
    const name = names[i] || address || defaultHost(port);
    return { name, address: address ?? name, port };
  });
}

function listOf(text: string | undefined): string[] {
  return text === undefined ? [] : text.split(",").map((entry) => entry.trim());
}

function portOf(text: string): number {
  if (text === "") return DEFAULT_PORT;
  const port = Number(text);
  if (/^[0-9]+$/.test(text) && port >= 1 && port <= 0xffff) return port;
  throw refused(`port "${text}": it must be a number from 1 to 65535`);
}

/** As libpq: the server's socket on this machine where there is one. */
function defaultHost(port: number): string {
  const socket = (folder: string) => existsSync(join(folder, `.s.PGSQL.${port}`));
  return SOCKET_FOLDERS.find(socket) ?? "localhost";
}

function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    return "postgres";
  }
}

function tableOf(values: ReadonlyMap<string, string>): string {
  const table = values.get(TABLE) ?? DEFAULT_TABLE;
  if (table !== "" && !/(^|\.)"?cogd_/i.test(table)) return table;
  throw new StoreError(
    "INVALID_OPTION",
    `Cannot use --${TABLE} "${table}": names that begin with "cogd_" are taken; name the table of ` +
      `C gearmand, usually ${DEFAULT_TABLE}`,
  );
}

function refused(what: string): StoreError {
  return new StoreError("INVALID_OPTION", `Cannot connect to PostgreSQL with ${what}`);
}
