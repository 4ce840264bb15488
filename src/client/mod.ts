/** The client and worker library, for the command-line roles. */
export * from "./client/mod.ts";
export * from "./worker/mod.ts";
export {
  DEFAULT_PORT,
  deferred,
  parseServerAddress,
  parseServerList,
  type ServerAddress,
  serverText,
} from "./wire/mod.ts";
