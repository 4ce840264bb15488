import { hostname } from "node:os";
import process from "node:process";
import {
  type ExportOutcome,
  type GearmandReader,
  type JobStore,
  type LogLevel,
  StoreError,
  type StorePlugin,
} from "../plugin_api/mod.ts";
import { hideInProcessList, LibCError } from "../runtime/mod.ts";
import { CliError } from "./cli_error.ts";
import { DEFAULT_CONFIG_FILES, readCommandLine } from "./command_line.ts";
import { type ServeConfig, serveConfig } from "./config.ts";
import { helpText } from "./help.ts";
import type { Logger } from "./log.ts";
import type { OptionSpec } from "./option_spec.ts";
import type { OptionValues } from "./option_values.ts";
import { Progress } from "./progress.ts";
import { withQueuePlugin } from "./queue_plugin.ts";
import { secretParts } from "./secrets.ts";
import { switchUser } from "./user.ts";

/** Opens the store that the configuration names, as it is: nothing is taken over. */
export type OpenForExport = (config: ServeConfig, log: Logger) => Promise<JobStore>;

export interface ExportParts {
  readonly plugins: readonly StorePlugin[];
  readonly open: OpenForExport;
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Default: those of the system. */
  readonly defaultConfigFiles?: readonly string[];
}

/** Exit code when some jobs had to stay. */
export const SOME_JOBS_LEFT = 2;

const READERS: Readonly<Record<string, GearmandReader>> = {
  "gearmand": "gearmand-1",
  "gearmand-1": "gearmand-1",
  "gearmand-2": "gearmand-2",
};

export const EXPORT_OPTIONS: readonly OptionSpec[] = [
  {
    name: "to",
    kind: "text",
    group: "Export",
    valueName: "LAYOUT",
    default: "gearmand",
    help: "Who shall read the jobs: gearmand, or gearmand-2 (differs for Redis only).",
    own: true,
    commandLineOnly: true,
  },
  {
    name: "keep",
    kind: "switch",
    group: "Export",
    help: "Leave the jobs in cogd's queue, too: for a trial with a copy.",
    own: true,
    commandLineOnly: true,
  },
];

const HEAD = `Usage: cogd export [options]

Writes the queue of a cogd that is stopped back into C gearmand's own table or
keys in the same database. Takes the options of the server, of which those for
the queue count (cogd help queue, cogd help mysql and so on).
`;

/**
 * `cogd export`: answers 0 when every job was written, 2 when some had to stay (they are listed), 1 when
 * nothing could be done.
 */
export async function exportQueue(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  parts: ExportParts,
): Promise<number> {
  try {
    return await obey(args, environment, parts);
  } catch (error) {
    const known = error instanceof CliError || error instanceof LibCError ||
      error instanceof StoreError;
    if (!known) throw error;
    parts.stderr(`cogd: ${error.message}\n`);
    return 1;
  }
}

async function obey(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  parts: ExportParts,
): Promise<number> {
  const files = parts.defaultConfigFiles ?? DEFAULT_CONFIG_FILES;
  const plugins = await withQueuePlugin(args, parts.plugins, files);
  const values = readCommandLine(args, plugins, files, EXPORT_OPTIONS);
  const secrets = values.secrets.flatMap(secretParts);
  if (secrets.length > 0) hideInProcessList(secrets);
  if (values.isGiven("help")) {
    parts.stdout(helpText(EXPORT_OPTIONS, HEAD));
    return 0;
  }
  const reader = readerOf(values);
  const config = serveConfig(values, plugins, {
    environment,
    hostname: hostname(),
    isRoot: process.getuid?.() === 0,
  });
  if (config.user !== undefined) switchUser(config.user);
  const store = await parts.open(config, logTo(parts.stderr));
  try {
    if (store.exportToGearmand === undefined) {
      throw new CliError(
        "NOT_AVAILABLE",
        `Cannot export ${store.traits.description}: gearmand has no queue of this kind`,
      );
    }
    const keep = values.isGiven("keep");
    const line = Progress.isWelcome(true)
      ? new Progress("jobs looked at", undefined, parts.stderr)
      : undefined;
    line?.show();
    const outcome = await store.exportToGearmand({
      keep,
      reader,
      now: Date.now(),
      progress: (jobs) => line?.reach(jobs),
    }).finally(() => line?.clear());
    return tell(outcome, keep, parts);
  } finally {
    await store.close();
  }
}

function readerOf(values: OptionValues): GearmandReader {
  const given = values.text("to")!;
  const reader = Object.hasOwn(READERS, given) ? READERS[given] : undefined;
  if (reader !== undefined) return reader;
  throw new CliError(
    "INVALID_ARGUMENT",
    `Cannot export to "${given}": known are ${Object.keys(READERS).join(", ")}`,
  );
}

function tell(
  { place, written, left, reasons }: ExportOutcome,
  keep: boolean,
  { stdout, stderr }: ExportParts,
): number {
  stdout(`Wrote ${jobs(written)} to ${place}${keep ? "; they are in cogd's queue, too" : ""}\n`);
  if (left === 0) return 0;
  for (const reason of reasons) stderr(`Left ${reason}\n`);
  if (left > reasons.length) stderr(`Left ${jobs(left - reasons.length)} more\n`);
  stderr(`cogd: ${jobs(left)} stayed in cogd's queue: gearmand cannot hold them\n`);
  return SOME_JOBS_LEFT;
}

function jobs(count: number): string {
  return count === 1 ? "1 job" : `${count} jobs`;
}

/** What an operator should see of an export. */
function logTo(stderr: (text: string) => void): Logger {
  const enabled = (level: LogLevel) => level !== "INFO" && level !== "DEBUG";
  return {
    enabled,
    log: (level, text) => {
      if (enabled(level)) stderr(`cogd: ${text}\n`);
    },
  };
}
