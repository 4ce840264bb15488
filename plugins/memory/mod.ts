import type { JobStore, StorePlugin } from "../../src/plugin_api/mod.ts";

/**
 * Queue type `memory` (gearmand's default, there called `builtin`): nothing is stored. Jobs live in
 * the server's own tables and are gone when it stops.
 */
export const memoryPlugin: StorePlugin = {
  name: "memory",
  aliases: ["builtin"],
  options: [],
  async open(): Promise<JobStore> {
    const { MemoryStore } = await import("./memory_store.ts");
    return new MemoryStore();
  },
};
