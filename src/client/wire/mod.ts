/** What clients and workers share: connections, addresses, codecs, errors. */
export { bytesCodec, type Codec, encoded, jsonCodec, textCodec } from "./codec.ts";
export { type ConnectionEvents, WireConnection } from "./connection.ts";
export { type Deferred, deferred } from "./deferred.ts";
export {
  ConnectionLostError,
  GearmanError,
  type GearmanErrorCode,
  JobExceptionError,
  JobFailedError,
  QueueFullError,
} from "./errors.ts";
export { functionBytes, uniqueBytes } from "./names.ts";
export { type ConnectOptions, openSocket } from "./open_socket.ts";
export { pause } from "./pause.ts";
export { retryDelayMs } from "./retry_delay.ts";
export {
  DEFAULT_PORT,
  parseServerAddress,
  parseServerList,
  readServers,
  type ServerAddress,
  type ServerOptions,
  serverText,
} from "./server_address.ts";
export { LONGEST_TIMER_MS, startTimer } from "./timer.ts";
export { readTlsFiles, TLS_FILE_VARIABLES, type TlsFiles, tlsFilesIn } from "./tls_files.ts";
export { isTlsAlert, type TlsOptions } from "./tls_options.ts";
