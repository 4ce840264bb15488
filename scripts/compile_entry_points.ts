/** What goes into the executables. Paths are relative to the project's folder. */
export const MAIN_MODULE = "main.ts";

/**
 * Modules that start on their own (worker threads) and so are not found by following the imports of
 * main.ts. Each is started by its address. In Bun's executable that address is relative to the
 * executable's root, not to the module that starts it:
 * `new URL("./plugins/sqlite/worker.ts", import.meta.url)`; everywhere else it is as in the source:
 * `new URL("./worker.ts", import.meta.url)`.
 */
export const EXTRA_ENTRY_POINTS: readonly string[] = ["plugins/sqlite/thread.ts"];

/** Packages of deno.json that tests import and nothing else does. */
export const TEST_ONLY_PACKAGES: readonly string[] = ["@seriousme/openapi-schema-validator"];
