import type { RedisConnection } from "./connection.ts";
import { replyCode } from "./faults.ts";
import { replyList, replyText } from "./script.ts";

/** What a Redis says of itself, as far as it lets itself be asked. Null: not known. */
export interface ServerSettings {
  /** `redis 7.0.15`, `valkey 8.1.0`. */
  readonly version: string | null;
  /** Of the Redis that it is, or says to be compatible with. */
  readonly majorVersion: number | null;
  /** `HOST:PORT` of the primary, when it is a replica. */
  readonly primary: string | null;
  readonly inCluster: boolean;
  /** Whether it keeps an append-only file, and when that is synced: `always`, `everysec`, `no`. */
  readonly appendOnly: boolean | null;
  readonly appendFsync: string | null;
  readonly noFsyncOnRewrite: boolean | null;
  /** When it takes snapshots, e.g. `3600 1 300 100`; empty: never. */
  readonly save: string | null;
  /** Bytes; 0: as many as there are. */
  readonly maxMemory: number | null;
  readonly maxMemoryPolicy: string | null;
  /** Largest string it takes, bytes. */
  readonly maxBulkBytes: number | null;
  /** What it refused to tell: `INFO`, `CONFIG`. */
  readonly refused: readonly string[];
}

const PARAMETERS = [
  "appendonly",
  "appendfsync",
  "no-appendfsync-on-rewrite",
  "save",
  "maxmemory",
  "maxmemory-policy",
  "proto-max-bulk-len",
] as const;

/** Asks for them. That it may refuse to answer (users without rights, renamed commands) is no error. */
export async function readServerSettings(connection: RedisConnection): Promise<ServerSettings> {
  const asked = [["INFO"], ...PARAMETERS.map((parameter) => ["CONFIG", "GET", parameter])];
  const [info, ...answers] = await Promise.all(
    asked.map((command) => connection.send(command).catch(unlessRefused)),
  );
  const facts = info === undefined ? new Map<string, string>() : factsIn(replyText(info));
  const parameters = new Map<string, string>();
  for (const answer of answers) {
    if (answer === undefined) continue;
    const [name, value] = replyList(answer);
    if (name !== undefined) parameters.set(replyText(name), replyText(value));
  }
  const parameter = (name: typeof PARAMETERS[number]) => parameters.get(name) ?? null;
  const appendOnly = parameter("appendonly") ?? yesNo(facts.get("aof_enabled"));
  const kind = facts.get("server_name") ?? (facts.has("valkey_version") ? "valkey" : "redis");
  const version = facts.get(`${kind}_version`) ?? facts.get("redis_version");
  return {
    version: version === undefined ? null : `${kind} ${version}`,
    majorVersion: numberIn(facts.get("redis_version")?.split(".")[0]),
    primary: facts.get("role") === "slave"
      ? `${facts.get("master_host")}:${facts.get("master_port")}`
      : null,
    inCluster: facts.get("cluster_enabled") === "1",
    appendOnly: appendOnly === null ? null : appendOnly === "yes",
    appendFsync: parameter("appendfsync"),
    noFsyncOnRewrite: yes(parameter("no-appendfsync-on-rewrite")),
    save: parameter("save"),
    maxMemory: numberIn(parameter("maxmemory") ?? facts.get("maxmemory")),
    maxMemoryPolicy: parameter("maxmemory-policy") ?? facts.get("maxmemory_policy") ?? null,
    maxBulkBytes: numberIn(parameter("proto-max-bulk-len")),
    refused: [
      ...(info === undefined ? ["INFO"] : []),
      ...(parameters.size === 0 ? ["CONFIG"] : []),
    ],
  };
}

/** `undefined` for a command that is unknown, renamed or not allowed; anything else is a failure. */
function unlessRefused(error: unknown): undefined {
  const message = error instanceof Error ? error.message : "";
  if (replyCode(error) === "NOPERM" || /^ERR .*(unknown|not allowed|disabled)/i.test(message)) {
    return undefined;
  }
  throw error;
}

/** The lines `name:value` of INFO. */
function factsIn(info: string): Map<string, string> {
  return new Map(
    info.split(/\r?\n/).map((line) => /^([a-z0-9_]+):(.*)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, name, value]) => [name!, value!]),
  );
}

function yesNo(flag: string | undefined): string | null {
  return flag === undefined ? null : flag === "1" ? "yes" : "no";
}

function yes(text: string | null): boolean | null {
  return text === null ? null : text === "yes";
}

function numberIn(text: string | null | undefined): number | null {
  return text === null || text === undefined || !/^[0-9]+$/.test(text) ? null : Number(text);
}
