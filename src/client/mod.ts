/** The client and worker library, for the command-line roles. */
export * from "./client/mod.ts";
export * from "./worker/mod.ts";
