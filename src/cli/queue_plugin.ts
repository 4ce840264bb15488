import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { StorePlugin } from "../plugin_api/mod.ts";
import { importsTypeScript } from "../runtime/mod.ts";
import { CliError, reasonOf } from "./cli_error.ts";
import { queuePluginFile } from "./command_line.ts";
import { allOptions } from "./options.ts";
import { checkedPlugin } from "./plugin_check.ts";

/** These plugins and, as the last one, that of the file which `--queue-plugin` names. Throws `CliError`. */
export async function withQueuePlugin(
  words: readonly string[],
  plugins: readonly StorePlugin[],
  defaultConfigFiles: readonly string[],
): Promise<readonly StorePlugin[]> {
  const file = queuePluginFile(words, plugins, defaultConfigFiles);
  return file === undefined ? plugins : [...plugins, await loadQueuePlugin(file, plugins)];
}

/** The plugin that a module exports under the name `plugin`. Throws `CliError`. */
export async function loadQueuePlugin(
  file: string,
  builtIn: readonly StorePlugin[],
): Promise<StorePlugin> {
  const refused = (why: string, cause?: unknown) =>
    new CliError("INVALID_ARGUMENT", `Cannot load --queue-plugin "${file}": ${why}`, { cause });
  const path = resolve(file);
  if (!existsSync(path)) throw refused("there is no such file");
  if (!/\.(js|mjs|ts|mts)$/.test(path)) throw refused("it must end in .js or .ts");
  if (/ts$/.test(path) && !importsTypeScript()) {
    throw refused(
      "this executable runs JavaScript only; take the types out (esbuild FILE.ts > FILE.js) and " +
        "name the .js file",
    );
  }
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await import(pathToFileURL(path).href);
  } catch (cause) {
    throw refused(reasonOf(cause), cause);
  }
  const plugin = checkedPlugin(module["plugin"]);
  if (typeof plugin === "string") throw refused(plugin);
  const clash = clashOf(plugin, builtIn);
  if (clash !== null) throw refused(clash);
  return plugin;
}

/** What the plugin has that is taken already; null when nothing is. */
function clashOf(plugin: StorePlugin, builtIn: readonly StorePlugin[]): string | null {
  const lower = (names: readonly string[]) => names.map((name) => name.toLowerCase());
  const names = lower(builtIn.flatMap(({ name, aliases }) => [name, ...aliases]));
  const name = lower([plugin.name, ...plugin.aliases]).find((one) => names.includes(one));
  if (name !== undefined) return `there is a queue type "${name}" already; give yours another name`;
  const options = allOptions(builtIn).map((option) => option.name);
  const option = plugin.options.find((one) => options.includes(one.name));
  if (option !== undefined) return `there is an option --${option.name} already`;
  const schemes = builtIn.flatMap(({ url }) => url?.schemes ?? []);
  const scheme = plugin.url?.schemes.find((one) => schemes.includes(one));
  return scheme === undefined ? null : `there are URLs with ${scheme}: already`;
}
