import { CliError } from "./cli_error.ts";
import { DEFAULT_CONFIG_FILES } from "./command_line.ts";
import { allOptions } from "./options.ts";
import { withQueuePlugin } from "./queue_plugin.ts";
import type { Role } from "./role.ts";
import { serve } from "./serve.ts";
import type { ServeParts } from "./serve_parts.ts";
import { ALL_GROUPS, groupText, helpGroups } from "./server_help.ts";

/** gearman prints its help with -H only, and only where it has a function. */
const HELP_WORDS: Readonly<Record<string, readonly string[]>> = { gearman: ["-H", "-f", "-"] };

/**
 * `cogd help`: an overview; `cogd help COMMAND`: that command's own; `cogd help GROUP`: options of the server,
 * those of a `--queue-plugin` that is named behind it included. Answers the exit code.
 */
export async function helpRole(
  [name, ...rest]: readonly string[],
  environment: Readonly<Record<string, string>>,
  parts: ServeParts & { readonly roles?: ReadonlyMap<string, Role> },
): Promise<number> {
  if (name === undefined) return await serve(["--help"], environment, parts);
  const role = parts.roles?.get(name);
  if (role !== undefined) return await role(HELP_WORDS[name] ?? [...rest, "--help"], environment);
  try {
    const files = parts.defaultConfigFiles ?? DEFAULT_CONFIG_FILES;
    const specs = allOptions(await withQueuePlugin(rest, parts.plugins, files));
    const text = groupText(specs, name);
    if (text !== undefined) {
      parts.stdout(text);
      return 0;
    }
    const known = [...(parts.roles?.keys() ?? []), ...helpGroups(specs).keys(), ALL_GROUPS];
    parts.stderr(`cogd: Cannot help with "${name}": it is none of ${known.join(", ")}\n`);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    parts.stderr(`cogd: ${error.message}\n`);
  }
  return 1;
}
