import { StoreError, type StorePlugin } from "../plugin_api/mod.ts";
import { CliError } from "./cli_error.ts";
import type { OptionValues } from "./option_values.ts";
import { findPlugin, isGearmandQueueType } from "./queue_options.ts";

/** Where background jobs are kept. */
export interface QueueConfig {
  readonly plugin: StorePlugin;
  /** The values that were given for the plugin's own options. */
  readonly values: ReadonlyMap<string, string>;
  readonly namespace: string;
}

/**
 * The queue that `--queue-type`, `--queue` or `--queue-plugin` asks for; of the plugins the one from a file is
 * the last. Throws `CliError`, never with a secret in it.
 */
export function queueConfig(
  values: OptionValues,
  plugins: readonly StorePlugin[],
): QueueConfig {
  const url = values.isGiven("queue") ? values.text("queue")! : undefined;
  const { plugin, fromUrl } = url === undefined
    ? { plugin: pluginWithoutUrl(values, plugins), fromUrl: [] }
    : queueOfUrl(url, values, plugins);
  const given = plugin.options
    .filter((option) => values.isGiven(option.name))
    .map((option) => [option.name, values.text(option.name)!] as const);
  return {
    plugin,
    values: new Map([...fromUrl, ...passwordFile(values, plugin), ...given]),
    namespace: values.text("namespace") ?? "",
  };
}

function pluginWithoutUrl(values: OptionValues, plugins: readonly StorePlugin[]): StorePlugin {
  if (values.isGiven("queue-plugin") && !values.isGiven("queue-type")) return plugins.at(-1)!;
  return pluginOfType(values.text("queue-type")!, plugins);
}

function pluginOfType(type: string, plugins: readonly StorePlugin[]): StorePlugin {
  const plugin = findPlugin(plugins, type);
  if (plugin !== undefined) return plugin;
  const names = plugins.map(({ name }) => name).join(", ");
  const known = isGearmandQueueType(type);
  throw new CliError(
    known ? "NOT_AVAILABLE" : "INVALID_ARGUMENT",
    `Error while initializing the queue : ${type} ` +
      `(${known ? "not built into this version" : "no such queue type"}; there are: ${names})`,
  );
}

function queueOfUrl(
  url: string,
  values: OptionValues,
  plugins: readonly StorePlugin[],
): { plugin: StorePlugin; fromUrl: Iterable<readonly [string, string]> } {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  const plugin = plugins.find((known) => known.url?.schemes.some((name) => name === scheme));
  if (plugin?.url === undefined) throw unknownScheme(url, plugins);
  const rival = ["queue-type", ...plugin.url.replaces].find((name) => values.isGiven(name));
  if (rival !== undefined) {
    throw new CliError(
      "INVALID_ARGUMENT",
      `Cannot use both --queue and --${rival}: they say the same; leave one out`,
    );
  }
  try {
    return { plugin, fromUrl: plugin.url.values(url) };
  } catch (cause) {
    if (!(cause instanceof StoreError)) throw cause;
    throw new CliError("INVALID_ARGUMENT", cause.message, { cause });
  }
}

/** Only what is certainly a scheme is repeated: what stands there instead may be anything. */
function unknownScheme(url: string, plugins: readonly StorePlugin[]): CliError {
  const scheme = /^([a-z][a-z0-9+.-]*:)\/\//i.exec(url)?.[1];
  const forms = plugins.flatMap((plugin) => plugin.url === undefined ? [] : [plugin.url.form]);
  return new CliError(
    "INVALID_ARGUMENT",
    `Cannot use --queue: ${
      scheme === undefined ? "it is no URL of a queue" : `no queue has URLs ` +
        `that begin with ${scheme}`
    }; there are ${forms.join(", ")}`,
  );
}

/** `--queue-password-file` under the name that the plugin has for it. */
function passwordFile(
  values: OptionValues,
  plugin: StorePlugin,
): (readonly [string, string])[] {
  const file = values.text("queue-password-file");
  if (file === undefined) return [];
  const option = plugin.url?.passwordFile;
  if (option !== undefined) return [[option, file]];
  throw new CliError(
    "INVALID_ARGUMENT",
    `Cannot use --queue-password-file: the queue ${plugin.name} has no password`,
  );
}
