import type { StorePlugin } from "../plugin_api/mod.ts";
import { CliError } from "./cli_error.ts";
import { parseConfigText, readConfigFile, readDefaultConfigFile } from "./config_file.ts";
import { isVerbosity, UNKNOWN_VERBOSITY } from "./log_level.ts";
import type { OptionSpec } from "./option_spec.ts";
import { allOptions } from "./options.ts";
import { OptionValues } from "./option_values.ts";
import { parseWords, peekOption } from "./parse.ts";

/** What `--config-file` is when it is not given: the first of them that exists. */
export const DEFAULT_CONFIG_FILES = ["/etc/cogd.conf", "/etc/gearmand.conf"] as const;

/**
 * Reads the words of the command line, then the configuration file, and checks all that gearmand
 * checks before it looks at anything else (command line section 1). `more` are options of a command of
 * its own. Throws `CliError`.
 */
export function readCommandLine(
  words: readonly string[],
  plugins: readonly StorePlugin[],
  defaultConfigFiles: readonly string[],
  more: readonly OptionSpec[] = [],
): OptionValues {
  const specs = [...more, ...allOptions(plugins)];
  const values = new OptionValues(specs);
  values.add(parseWords(words, specs, { otherWords: "refuse" }));
  const text = configText(values.text("config-file"), defaultConfigFiles);
  values.add(parseConfigText(text, specs));
  check(values);
  return values;
}

/**
 * The file that `--queue-plugin` names on the command line or in the configuration file. To be asked before
 * `readCommandLine`, since the plugin brings options of its own. Throws `CliError`.
 */
export function queuePluginFile(
  words: readonly string[],
  plugins: readonly StorePlugin[],
  defaultConfigFiles: readonly string[],
): string | undefined {
  const specs = allOptions(plugins);
  const given = peekOption(words, specs, PLUGIN_OPTION);
  if (given !== undefined) return given;
  const text = configText(peekOption(words, specs, "config-file"), defaultConfigFiles);
  return peekOption(text.split(/[ \r\n]+/), specs, PLUGIN_OPTION);
}

const PLUGIN_OPTION = "queue-plugin";

function configText(path: string | undefined, defaults: readonly string[]): string {
  if (path === undefined) return readDefaultConfigFile(defaults)?.text ?? "";
  return path === "" ? "" : readConfigFile(path);
}

function check(values: OptionValues): void {
  if (!isVerbosity(values.text("verbose")!)) {
    throw new CliError("INVALID_ARGUMENT", UNKNOWN_VERBOSITY);
  }
  for (const name of ["hashtable-buckets", "max-packet", "send-buffer"]) {
    if (values.number(name)! <= 0n) {
      throw new CliError("INVALID_ARGUMENT", `${name} has to be greater than 0`);
    }
  }
  const retries = values.number("job-retries")!;
  if (retries < -1n || retries > 255n) {
    throw new CliError(
      "INVALID_ARGUMENT",
      "job-retries must be -1 (no limit), 0 (no retries), or between 1 and 255",
    );
  }
}
