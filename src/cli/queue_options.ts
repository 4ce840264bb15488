import type { StorePlugin } from "../plugin_api/mod.ts";
import type { OptionKind, OptionSpec } from "./option_spec.ts";

/** A queue type of gearmand's that this program may or may not have. */
interface QueueType {
  readonly name: string;
  readonly options: readonly { readonly name: string; readonly kind: OptionKind }[];
}

/**
 * gearmand's queue types with their options (command line section 1). They are always accepted, so
 * that a command line written for gearmand is understood; selecting a type that is not built in is
 * refused. A plugin with the same name brings its own options instead.
 */
const GEARMAND_QUEUE_TYPES: readonly QueueType[] = [
  { name: "builtin", options: [] },
  {
    name: "libsqlite3",
    options: [text("libsqlite3-db"), text("libsqlite3-table"), toggle("store-queue-on-shutdown")],
  },
  {
    name: "MySQL",
    options: [
      text("mysql-host"),
      port("mysql-port"),
      text("mysql-user"),
      secret("mysql-password"),
      text("mysql-db"),
      text("mysql-table"),
    ],
  },
  { name: "Postgres", options: [secret("libpq-conninfo"), text("libpq-table")] },
  {
    name: "redis",
    options: [
      text("redis-server"),
      text("redis-port"),
      secret("redis-password"),
      text("redis-prefix"),
    ],
  },
  {
    name: "libmemcached",
    options: [text("libmemcached-servers"), text("libmemcached-prefix")],
  },
  {
    name: "libdrizzle",
    options: [
      text("libdrizzle-host"),
      port("libdrizzle-port"),
      text("libdrizzle-uds"),
      text("libdrizzle-user"),
      secret("libdrizzle-password"),
      text("libdrizzle-db"),
      text("libdrizzle-table"),
      toggle("libdrizzle-mysql"),
    ],
  },
  {
    name: "libtokyocabinet",
    options: [text("libtokyocabinet-file"), toggle("libtokyocabinet-optimize")],
  },
];

function text(name: string): { name: string; kind: OptionKind } {
  return { name, kind: "text" };
}

function secret(name: string): { name: string; kind: OptionKind } {
  return { name, kind: "secret" };
}

function port(name: string): { name: string; kind: OptionKind } {
  return { name, kind: "uint16" };
}

function toggle(name: string): { name: string; kind: OptionKind } {
  return { name, kind: "switch" };
}

/** The plugin that a `--queue-type` names, in any case of letters. */
export function findPlugin(
  plugins: readonly StorePlugin[],
  queueType: string,
): StorePlugin | undefined {
  const wanted = queueType.toLowerCase();
  return plugins.find((plugin) =>
    [plugin.name, ...plugin.aliases].some((name) => name.toLowerCase() === wanted)
  );
}

/** Whether gearmand has a queue type of this name. */
export function isGearmandQueueType(name: string): boolean {
  return GEARMAND_QUEUE_TYPES.some((type) => type.name.toLowerCase() === name.toLowerCase());
}

/** The options of all queue types: those of the plugins, then gearmand's that no plugin brings. */
export function queueOptions(plugins: readonly StorePlugin[]): OptionSpec[] {
  const specs: OptionSpec[] = plugins.flatMap((plugin) =>
    plugin.options.map((option) => ({
      name: option.name,
      kind: option.kind === "number" ? "count" as const : option.kind,
      group: `Queue ${plugin.name}`,
      help: option.help,
      ...(option.valueName === undefined ? {} : { valueName: option.valueName }),
      ...(option.default === undefined ? {} : { default: option.default }),
      own: !isGearmandOption(option.name),
    }))
  );
  const taken = new Set(specs.map((spec) => spec.name));
  for (const type of GEARMAND_QUEUE_TYPES) {
    for (const { name, kind } of type.options) {
      if (taken.has(name)) continue;
      specs.push({ name, kind, group: `Queue ${type.name}`, help: "", hidden: true });
    }
  }
  return specs;
}

function isGearmandOption(name: string): boolean {
  return GEARMAND_QUEUE_TYPES.some((type) => type.options.some((option) => option.name === name));
}
