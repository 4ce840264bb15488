import {
  asStoreError,
  type JobStore,
  type ReplayPage,
  StoreError,
  type StoreOption,
  type StorePlugin,
} from "../plugin_api/mod.ts";

const KINDS: readonly unknown[] = ["text", "number", "switch", "secret"];
const DURABILITIES: readonly unknown[] = ["nothing", "restart", "power-loss"];

/**
 * What a module from outside calls its plugin, if it has the shape of one (`StorePlugin`); else why not, for
 * the operator. Whatever its methods throw becomes a `StoreError`.
 */
export function checkedPlugin(exported: unknown): StorePlugin | string {
  if (exported === undefined) return 'it exports nothing named "plugin"';
  if (!isObject(exported)) return 'its export "plugin" is no object';
  const wrong = flawOf(exported);
  if (wrong !== null) return wrong;
  const plugin = exported as unknown as StorePlugin;
  return {
    name: plugin.name,
    aliases: plugin.aliases,
    options: plugin.options,
    ...(plugin.url === undefined ? {} : { url: careful(plugin.url) }),
    async open(options, host) {
      return checkedStore(await settled(() => plugin.open(options, host)), plugin.name);
    },
  };
}

function flawOf(plugin: Readonly<Record<string, unknown>>): string | null {
  const { name, aliases, options, open, url } = plugin;
  if (typeof name !== "string" || !/^[a-z][a-z0-9_-]*$/.test(name)) {
    return "plugin.name must be text of lower-case letters, digits, - and _";
  }
  if (!isTexts(aliases)) return "plugin.aliases must be a list of text; [] for none";
  if (!Array.isArray(options)) return "plugin.options must be a list; [] for none";
  for (const [i, option] of (options as unknown[]).entries()) {
    if (!isOption(option)) {
      return `plugin.options[${i}] must have a name of lower-case letters, digits and -, a help ` +
        `text, and a kind: ${KINDS.join(", ")}`;
    }
  }
  if (typeof open !== "function") return "plugin.open must be a function";
  if (url === undefined) return null;
  const sound = isObject(url) && isTexts(url["schemes"]) && typeof url["form"] === "string" &&
    isTexts(url["replaces"]) && typeof url["values"] === "function";
  return sound ? null : "plugin.url must have schemes, form, replaces and values";
}

function isOption(option: unknown): option is StoreOption {
  if (!isObject(option)) return false;
  const { name, kind, help } = option;
  return typeof name === "string" && /^[a-z][a-z0-9-]+$/.test(name) &&
    KINDS.includes(kind) && typeof help === "string";
}

function careful(url: NonNullable<StorePlugin["url"]>): NonNullable<StorePlugin["url"]> {
  return {
    ...url,
    values(text) {
      try {
        return url.values(text);
      } catch (error) {
        throw asStoreError(error);
      }
    },
  };
}

/** The store itself, checked, with errors as the server expects them. */
function checkedStore(opened: unknown, name: string): JobStore {
  const traits = isObject(opened) ? opened["traits"] : undefined;
  const sound = isObject(opened) && isObject(traits) &&
    DURABILITIES.includes(traits["durability"]) &&
    Number.isSafeInteger(traits["maxWorkloadBytes"]) && typeof traits["description"] === "string" &&
    ["commit", "replay", "close"].every((method) => typeof opened[method] === "function");
  if (!sound) {
    throw new StoreError(
      "CANNOT_OPEN",
      `Cannot use the queue type ${name}: what its plugin opened is no store; it must have traits ` +
        "(durability, maxWorkloadBytes, description), commit, replay and close",
    );
  }
  const store = opened as unknown as JobStore;
  return {
    traits: store.traits,
    commit: (batch) => settled(() => store.commit(batch)),
    replay: () => replayOf(store),
    close: () => settled(() => store.close()),
    ...(store.exportToGearmand === undefined
      ? {}
      : { exportToGearmand: (plan) => settled(() => store.exportToGearmand!(plan)) }),
  };
}

async function* replayOf(store: JobStore): AsyncGenerator<ReplayPage> {
  try {
    yield* store.replay();
  } catch (error) {
    throw asStoreError(error);
  }
}

async function settled<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStoreError(error);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
