/** The client and worker library, for the command-line roles. */
export * from "./client/mod.ts";
export * from "./worker/mod.ts";
export {
  DEFAULT_PORT,
  deferred,
  isTlsAlert,
  openSocket,
  parseServerAddress,
  parseServerList,
  readTlsFiles,
  type ServerAddress,
  serverText,
  TLS_FILE_VARIABLES,
  type TlsFiles,
  tlsFilesIn,
} from "./wire/mod.ts";
