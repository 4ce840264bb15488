/** The queue types that are built in. */

import type { StorePlugin } from "../src/plugin_api/mod.ts";

/** A queue type that can be named before its plugin is loaded. */
export interface BuiltInPlugin {
  /** Canonical name, lower case. */
  readonly name: string;
  /** Names that C gearmand has for it. */
  readonly aliases: readonly string[];
  /** Loads the plugin. Its driver is loaded only when it opens a store. */
  load(): Promise<StorePlugin>;
}

export const BUILT_IN_PLUGINS: readonly BuiltInPlugin[] = [
  {
    name: "memory",
    aliases: ["builtin"],
    load: async () => (await import("./memory/mod.ts")).memoryPlugin,
  },
  {
    name: "sqlite",
    aliases: ["libsqlite3"],
    load: async () => (await import("./sqlite/mod.ts")).sqlitePlugin,
  },
  {
    name: "mysql",
    aliases: [],
    load: async () => (await import("./mysql/mod.ts")).mysqlPlugin,
  },
  {
    name: "redis",
    aliases: [],
    load: async () => (await import("./redis/mod.ts")).redisPlugin,
  },
  {
    name: "postgres",
    aliases: [],
    load: async () => (await import("./postgres/mod.ts")).postgresPlugin,
  },
];

/** The plugin of this name or alias, whatever its case; undefined when there is none. */
export function findBuiltInPlugin(name: string): BuiltInPlugin | undefined {
  const wanted = name.toLowerCase();
  return BUILT_IN_PLUGINS.find((plugin) =>
    plugin.name === wanted || plugin.aliases.includes(wanted)
  );
}
