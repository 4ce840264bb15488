import { parse, TomlError } from "smol-toml";
import { parseServerAddress, serverText } from "../client/mod.ts";
import { asSwitch, asTexts, Fields } from "./fields.ts";
import { FUNCTION_DEFAULTS, readBase, readFunction } from "./read_function.ts";
import { readTls } from "./read_tls.ts";
import { type WorkSettings, WorkSettingsError } from "./settings.ts";
import { TomlLines } from "./toml_lines.ts";
import { durationMs } from "./units.ts";

/** Its port is the protocol's. */
const DEFAULT_SERVER = "127.0.0.1";
const DEFAULT_STOP_GRACE_MS = 30_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Reads a configuration (docs/work.md). `file` stands in messages; `inherited` is the environment of which
 * programs get a part. Throws `WorkSettingsError` with all that is wrong.
 */
export function readSettings(
  text: string,
  file: string,
  inherited: Readonly<Record<string, string>>,
): WorkSettings {
  const table = parsed(text, file);
  const lines = new TomlLines(text);
  const problems: { readonly line: number; readonly text: string }[] = [];
  const complain = (path: readonly string[], what: string) => {
    const line = lines.lineOf(path);
    const place = line === 0 ? file : `${file}:${line}`;
    problems.push({ line, text: [place, path.join("."), what].filter(Boolean).join(": ") });
  };
  const settings = readAll(new Fields(table, [], complain), inherited);
  if (problems.length === 0) return settings;
  throw new WorkSettingsError(problems.sort((a, b) => a.line - b.line).map(({ text }) => text));
}

function parsed(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = "it is no TOML"] = error.message.split("\n");
    const reason = what.replace(/^Invalid TOML document: /, "");
    throw new WorkSettingsError([`${file}:${error.line}: ${reason} (column ${error.column})`]);
  }
}

function readAll(fields: Fields, inherited: Readonly<Record<string, string>>): WorkSettings {
  const servers = fields.get("servers", [DEFAULT_SERVER], asTexts, 'a list as ["host:4730"]');
  const stopGraceMs = fields.get(
    "stop_grace",
    DEFAULT_STOP_GRACE_MS,
    (value) => {
      const ms = durationMs(value);
      return ms !== undefined && ms <= LONGEST_TIMER_MS ? ms : undefined;
    },
    "a duration as 30s, 5m, 2h",
  );
  const tls = readTls(fields, inherited);
  const watch = fields.get("watch", false, asSwitch, "true or false");
  const defaults = fields.table("defaults");
  const base = readBase(defaults, FUNCTION_DEFAULTS, inherited);
  defaults.refuseOthers();
  const tables = fields.table("functions");
  fields.refuseOthers();
  const functions = tables.names.map((name) =>
    readFunction(name, tables.table(name), base, inherited)
  );
  if (functions.length === 0) fields.complain("functions", "there is no [functions.NAME]");
  return {
    servers: [...new Set(servers.map((server) => checkedServer(server, fields)))],
    tls,
    stopGraceMs,
    watch,
    functions,
  };
}

function checkedServer(text: string, fields: Fields): string {
  try {
    return serverText(parseServerAddress(text));
  } catch (error) {
    fields.complain("servers", (error as Error).message);
    return text;
  }
}

/** The settings of a command line without a file: functions with commands for the shell. */
export function simpleSettings(
  servers: readonly string[],
  functions: readonly { readonly name: string; readonly command: string }[],
  shared: { readonly processes?: number; readonly timeout?: string; readonly tls?: boolean },
  inherited: Readonly<Record<string, string>>,
): WorkSettings {
  const problems: string[] = [];
  const complain = (path: readonly string[], what: string) =>
    problems.push([...path.slice(1), what].join(": "));
  const table = {
    ...(servers.length === 0 ? {} : { servers }),
    ...(shared.tls === undefined ? {} : { tls: shared.tls }),
    defaults: {
      ...(shared.processes === undefined ? {} : { max_processes: shared.processes }),
      ...(shared.timeout === undefined ? {} : { timeout: shared.timeout }),
    },
    functions: Object.fromEntries(
      functions.map(({ name, command }) => [name, { command, shell: true }]),
    ),
  };
  const settings = readAll(new Fields(table, [], complain), inherited);
  if (problems.length > 0) throw new WorkSettingsError(problems);
  return settings;
}
