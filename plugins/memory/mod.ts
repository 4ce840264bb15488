import { type JobStore, StoreError, type StorePlugin } from "../../src/plugin_api/mod.ts";

/**
 * Queue type `memory` (gearmand's default, there called `builtin`): nothing is stored. Jobs live in
 * the server's own tables and are gone when it stops.
 */
export const memoryPlugin: StorePlugin = {
  name: "memory",
  aliases: ["builtin"],
  options: [],
  url: {
    schemes: ["memory"],
    form: "memory:",
    replaces: [],
    values(url) {
      if (url === "memory:") return new Map();
      throw new StoreError("INVALID_OPTION", "Cannot use --queue: nothing may follow memory:");
    },
  },
  async open(): Promise<JobStore> {
    const { MemoryStore } = await import("./memory_store.ts");
    return new MemoryStore();
  },
};
