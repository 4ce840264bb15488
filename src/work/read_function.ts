import { Buffer } from "node:buffer";
import { childEnvironment } from "./child_environment.ts";
import { asCount, asSwitch, asText, asTexts, asWord, type Fields } from "./fields.ts";
import type { FunctionSettings, JobEnd } from "./settings.ts";
import { durationMs, sizeBytes } from "./units.ts";

/** Everything of a function but its name and its program. */
export type FunctionBase = Omit<FunctionSettings, "name" | "command">;

/** More would not be processes of one machine. */
const MOST_PROCESSES = 10_000;
/** The longest that a timer of the runtimes can run, milliseconds: 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** libgearman refuses longer function names, bytes. */
const MAX_NAME_BYTES = 512;
const SHELL = "/bin/sh";

/** What a function is unless `[defaults]` or its own table says otherwise. */
export const FUNCTION_DEFAULTS: FunctionBase = {
  mode: "per-job",
  most: 1,
  least: 0,
  folder: undefined,
  environment: {},
  workload: "stdin",
  timeoutMs: 0,
  killGraceMs: 5000,
  maxOutputBytes: 64 * 2 ** 20,
  maxLogLines: 1000,
  stderr: "log",
  onError: "fail",
  exitCodes: new Map(),
  jobsPerProcess: 0,
  lifetimeMs: 0,
  memoryLimitBytes: 0,
  idleMs: 60_000,
  startTimeoutMs: 30_000,
};

const POOL_FIELDS = [
  "min_processes",
  "jobs_per_process",
  "lifetime",
  "memory_limit",
  "idle_timeout",
  "start_timeout",
];

/** What `[defaults]` and a function's own table have in common. */
export function readBase(
  fields: Fields,
  base: FunctionBase,
  inherited: Readonly<Record<string, string>>,
): FunctionBase {
  const duration = (name: string, otherwise: number, longest = LONGEST_TIMER_MS) =>
    fields.get(name, otherwise, atMost(durationMs, longest), "a duration as 500ms, 30s, 5m, 2h");
  const size = (name: string, otherwise: number) =>
    fields.get(name, otherwise, sizeBytes, "bytes, or a size as 64K, 16M, 1G");
  const count = (name: string, otherwise: number, least: number, most: number) =>
    fields.get(name, otherwise, asCount(least, most), `a whole number from ${least} to ${most}`);
  return {
    mode: fields.get("mode", base.mode, asWord("per-job", "pool"), '"per-job" or "pool"'),
    most: count("max_processes", base.most, 1, MOST_PROCESSES),
    least: count("min_processes", base.least, 0, MOST_PROCESSES),
    folder: fields.get("folder", base.folder, asText, "the path of a folder"),
    environment: environment(fields, base.environment, inherited),
    workload: fields.get("workload", base.workload, asWord("stdin", "file"), '"stdin" or "file"'),
    timeoutMs: duration("timeout", base.timeoutMs),
    killGraceMs: duration("kill_grace", base.killGraceMs),
    maxOutputBytes: size("max_output", base.maxOutputBytes),
    maxLogLines: count("max_log_lines", base.maxLogLines, 0, Number.MAX_SAFE_INTEGER),
    stderr: fields.get(
      "stderr",
      base.stderr,
      asWord("log", "warnings", "none"),
      '"log", "warnings" or "none"',
    ),
    onError: fields.get(
      "on_error",
      base.onError,
      asWord("fail", "exception"),
      '"fail" or "exception"',
    ),
    exitCodes: exitCodes(fields, base.exitCodes),
    jobsPerProcess: count("jobs_per_process", base.jobsPerProcess, 0, Number.MAX_SAFE_INTEGER),
    lifetimeMs: duration("lifetime", base.lifetimeMs, Infinity),
    memoryLimitBytes: size("memory_limit", base.memoryLimitBytes),
    idleMs: duration("idle_timeout", base.idleMs, Infinity),
    startTimeoutMs: duration("start_timeout", base.startTimeoutMs),
  };
}

/** A function's own table. */
export function readFunction(
  name: string,
  fields: Fields,
  defaults: FunctionBase,
  inherited: Readonly<Record<string, string>>,
): FunctionSettings {
  const bytes = Buffer.byteLength(name);
  if (bytes < 1 || bytes > MAX_NAME_BYTES || name.includes("\0")) {
    fields.complain("", `a function's name has 1 to ${MAX_NAME_BYTES} bytes and no NUL`);
  }
  const settings = { ...readBase(fields, defaults, inherited), name, command: command(fields) };
  fields.refuseOthers();
  if (settings.mode === "per-job") {
    for (const field of POOL_FIELDS.filter((each) => fields.has(each))) {
      fields.complain(field, 'it is for mode = "pool" only');
    }
  } else {
    if (fields.has("workload")) fields.complain("workload", 'it is for mode = "per-job" only');
    if (settings.least > settings.most) {
      fields.complain("min_processes", `it is more than max_processes, ${settings.most}`);
    }
  }
  return settings;
}

/** The words that run a text as a shell does. */
export function shellCommand(text: string): readonly [string, ...string[]] {
  return [SHELL, "-c", text];
}

function command(fields: Fields): readonly [string, ...string[]] {
  const shell = fields.get("shell", false, asSwitch, "true or false");
  if (!fields.has("command")) {
    fields.complain("", "it needs a command");
    return shellCommand("");
  }
  if (!shell) {
    return fields.get(
      "command",
      shellCommand(""),
      asTexts,
      'a list of words as ["php", "worker.php"]; a text needs shell = true',
    );
  }
  const line = fields.get("command", "", asText, "a text for the shell, as shell = true is set");
  return shellCommand(line);
}

function environment(
  fields: Fields,
  base: Readonly<Record<string, string>>,
  inherited: Readonly<Record<string, string>>,
): Record<string, string> {
  const passed = fields.get("pass_environment", [], asNames, "a list of names of variables");
  const own: Record<string, string> = {};
  const table = fields.table("environment");
  for (const name of table.names) {
    if (!VARIABLE.test(name)) table.complain(name, "it is no name of a variable");
    const value = table.get(name, "", asValue, "a text");
    own[name] = value;
  }
  return { ...base, ...childEnvironment(inherited, passed), ...own };
}

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

function asNames(value: unknown): readonly string[] | undefined {
  const names = Array.isArray(value) ? value as unknown[] : undefined;
  const all = names?.every((name) => typeof name === "string" && VARIABLE.test(name));
  return all === true ? names as string[] : undefined;
}

function asValue(value: unknown): string | undefined {
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  return typeof value === "string" && !value.includes("\0") ? value : undefined;
}

function exitCodes(
  fields: Fields,
  base: ReadonlyMap<number, JobEnd>,
): ReadonlyMap<number, JobEnd> {
  const table = fields.table("exit_codes");
  const codes = new Map(base);
  for (const name of table.names) {
    if (!/^\d{1,3}$/.test(name) || Number(name) > 255) table.complain(name, "codes are 0 to 255");
    const end = table.get<JobEnd>(
      name,
      "fail",
      asWord<JobEnd>("complete", "fail", "exception"),
      '"complete", "fail" or "exception"',
    );
    codes.set(Number(name), end);
  }
  return codes;
}

function atMost(
  read: (value: unknown) => number | undefined,
  most: number,
): (value: unknown) => number | undefined {
  return (value) => {
    const number = read(value);
    return number !== undefined && number <= most ? number : undefined;
  };
}
