import { MAX_UNIQUE_BYTES, type Priority } from "../../core/mod.ts";
import type { ByteString } from "../../protocol/mod.ts";
import { MAX_FUNCTION_BYTES } from "../function_name.ts";
import type { GatewayConfig } from "../gateway.ts";
import { PRIORITY_NAMES, priorityNamed } from "../priority_names.ts";
import { REFUSED_OPTION_NAMES } from "./option_parameters.ts";
import { OptionReader, type OptionSource } from "./option_reader.ts";
import type { Preferences } from "./prefer.ts";
import { secondsText } from "../times.ts";

/** What a submission asks for, understood and checked. */
export interface JobOptions {
  readonly functionName: ByteString;
  readonly unique: ByteString;
  readonly priority: Priority;
  /** Empty for ordinary jobs. */
  readonly reducer: ByteString;
  /** Epoch seconds; 0 = at once. */
  readonly notBefore: number;
  /** Instead of a job, a schedule that makes jobs. */
  readonly schedule: { readonly cron: string; readonly timeZone: string | undefined } | null;
  readonly background: boolean;
  /** How long a background job's result is waited for, milliseconds; 0 = not. */
  readonly waitMs: number;
  /** How long a synchronous call waits, milliseconds. */
  readonly timeoutMs: number;
  readonly requireWorker: boolean;
  /** How long the outcome is kept, milliseconds; 0 = not at all. */
  readonly retainMs: number;
  readonly stream: boolean;
  readonly idempotencyKey: string | null;
  /** Value of `Preference-Applied`; empty when nothing was preferred. */
  readonly preferenceApplied: string;
  /** Whether an option was given. */
  isGiven(name: string): boolean;
  /** The options that decide which job is made, as they were spelled: to tell requests apart. */
  spelling(): readonly string[];
}

export interface OptionContext {
  readonly functionName: ByteString;
  readonly preferences: Preferences;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly config: Pick<GatewayConfig, "syncMs" | "longestSyncMs" | "longestWaitMs" | "retainMs">;
  /** Items of a bulk request: background jobs that nobody waits for. */
  readonly bulk: boolean;
}

/** Longest time that a caller may have an outcome kept, milliseconds: a week. */
const LONGEST_RETAIN_MS = 7 * 86_400_000;
/** Longest `Idempotency-Key`, characters. */
const MAX_KEY_LENGTH = 255;

/** What nobody can ask of one job among many. */
const NOT_IN_BULK = ["wait", "timeout", "stream", "cron", "tz"];
/** What has a meaning only while somebody waits on the line. */
const SYNC_ONLY = ["timeout", "stream"];
const MAKES_A_BACKGROUND_JOB = ["delay", "run_at", "cron", "wait"];
const DECIDES_THE_JOB = [
  "unique",
  "unique_hash",
  "priority",
  "reducer",
  "run_at",
  "delay",
  "cron",
  "tz",
  "retain",
];

/** Reads all options. Throws the problem `invalid-request` with an error for each that is wrong. */
export function parseJobOptions(source: OptionSource, context: OptionContext): JobOptions {
  const reader = new OptionReader(source);
  for (const name of REFUSED_OPTION_NAMES) {
    reader.refuse(name, "is not an option of this version of the server; leave it out");
  }
  if (context.bulk) {
    for (const name of NOT_IN_BULK) reader.refuse(name, "is not for jobs of a bulk request");
  }
  checkFunctionName(reader, context.functionName);
  const idempotencyKey = readKey(reader, source);
  const notBefore = readNotBefore(reader, context.now);
  const schedule = readSchedule(reader);
  const wait = readWait(reader, context);
  const background = readBackground(reader, context, wait > 0);
  if (background) {
    for (const name of SYNC_ONLY) {
      reader.refuse(name, "is for synchronous calls, and this is a background job");
    }
  }
  const options: JobOptions = {
    functionName: context.functionName,
    unique: readUnique(reader),
    priority: priorityNamed(reader.oneOf("priority", PRIORITY_NAMES)),
    reducer: reader.name("reducer", MAX_UNIQUE_BYTES) ?? "",
    notBefore,
    schedule,
    background,
    waitMs: wait,
    timeoutMs: readTimeout(reader, context.config),
    requireWorker: reader.flag("require_worker") ?? false,
    retainMs: readRetain(reader, context.config, background, idempotencyKey !== null),
    stream: reader.flag("stream") ?? false,
    idempotencyKey,
    preferenceApplied: background ? preferenceApplied(context.preferences, wait) : "",
    isGiven: (name) => reader.text(name) !== undefined,
    spelling: () => [
      `background=${background}`,
      ...DECIDES_THE_JOB.map((name) => `${name}=${reader.spelling(name)}`),
    ],
  };
  if (schedule !== null) checkSchedule(reader, options);
  reader.throwIfWrong();
  return options;
}

function checkFunctionName(reader: OptionReader, name: ByteString): void {
  if (name.length < 1 || name.length > MAX_FUNCTION_BYTES || name.includes("\0")) {
    reader.wrong("function", `must be 1 to ${MAX_FUNCTION_BYTES} bytes without NUL`);
  }
}

function readNotBefore(reader: OptionReader, now: number): number {
  const delay = reader.duration("delay");
  const moment = reader.moment("run_at");
  if (delay !== undefined && moment !== undefined) {
    reader.wrong("delay", "cannot stand beside run_at; give one of them");
  }
  if (moment !== undefined) return moment;
  return delay === undefined || delay === 0 ? 0 : Math.ceil((now + delay) / 1000);
}

function readSchedule(reader: OptionReader): JobOptions["schedule"] {
  const cron = reader.text("cron");
  const timeZone = reader.text("tz");
  if (cron !== undefined) return { cron, timeZone };
  if (timeZone !== undefined) reader.wrong("tz", "is the time zone of cron, which is not given");
  return null;
}

function checkSchedule(reader: OptionReader, options: JobOptions): void {
  for (const name of ["run_at", "delay", "wait", "retain", "require_worker"]) {
    reader.refuse(name, "cannot stand beside cron, which makes a schedule instead of one job");
  }
  if (options.idempotencyKey !== null) {
    reader.wrong("Idempotency-Key", "is for jobs; look at GET /schedules before you repeat cron");
  }
}

/** `wait` in seconds, of the query or of `Prefer`, which may ask for more than is granted. */
function readWait(reader: OptionReader, context: OptionContext): number {
  const most = context.config.longestWaitMs;
  const given = reader.duration("wait");
  if (given !== undefined && given > most) {
    reader.wrong("wait", `must be at most ${secondsText(most)}`);
  }
  if (given !== undefined || context.bulk) return given ?? 0;
  return Math.min((context.preferences.wait ?? 0) * 1000, most);
}

function readBackground(reader: OptionReader, context: OptionContext, waits: boolean): boolean {
  const given = reader.flag("background");
  const { respondAsync, wait } = context.preferences;
  const implied = context.bulk || respondAsync || waits || wait !== undefined ||
    MAKES_A_BACKGROUND_JOB.some((name) => reader.spelling(name) !== "");
  if (given === false && implied) {
    reader.wrong("background", "cannot be false: other options ask for a background job");
  }
  return given ?? implied;
}

function readUnique(reader: OptionReader): ByteString {
  const hashed = reader.flag("unique_hash") ?? false;
  const unique = reader.bytes("unique") ?? "";
  if (unique.includes("\0")) reader.wrong("unique", "must not contain NUL");
  if (unique.length <= MAX_UNIQUE_BYTES) return unique;
  if (hashed) return reader.hash(unique);
  reader.wrong(
    "unique",
    `must be at most ${MAX_UNIQUE_BYTES} bytes; unique_hash=true puts its SHA-256 in its place`,
  );
  return "";
}

function readTimeout(reader: OptionReader, config: OptionContext["config"]): number {
  const given = reader.duration("timeout");
  const most = config.longestSyncMs;
  if (given !== undefined && (given === 0 || given > most)) {
    reader.wrong("timeout", `must be above 0 and at most ${secondsText(most)}`);
  }
  return given ?? config.syncMs;
}

function readRetain(
  reader: OptionReader,
  config: OptionContext["config"],
  background: boolean,
  keyed: boolean,
): number {
  const given = reader.duration("retain");
  if (given === undefined) return background ? config.retainMs : 0;
  if (!background && !keyed) {
    reader.wrong("retain", "is for background jobs; a synchronous call gets its result itself");
  } else if (given > LONGEST_RETAIN_MS) {
    reader.wrong("retain", `must be at most ${LONGEST_RETAIN_MS / 86_400_000} days`);
  } else if (given > 0 && config.retainMs === 0) {
    reader.wrong("retain", "cannot be granted: this server keeps no outcomes");
  }
  return given;
}

function readKey(reader: OptionReader, source: OptionSource): string | null {
  const given = source.idempotencyKey();
  if (given === undefined) return null;
  const key = parseKey(given);
  if (key === undefined) reader.wrong("Idempotency-Key", KEY_RULE);
  return key ?? null;
}

export const KEY_RULE = `must be 1 to ${MAX_KEY_LENGTH} printable ASCII characters`;

/** A structured-field string (in quotes), as the draft has it, or the bare key, as most send it. */
export function parseKey(given: string): string | undefined {
  const key = given.trim().replace(/^"(.*)"$/, "$1");
  return /^[\x20-\x7e]+$/.test(key) && key.length <= MAX_KEY_LENGTH ? key : undefined;
}

function preferenceApplied(preferences: Preferences, waitMs: number): string {
  const applied = preferences.respondAsync ? ["respond-async"] : [];
  if (preferences.wait !== undefined) applied.push(`wait=${Math.floor(waitMs / 1000)}`);
  return applied.join(", ");
}
