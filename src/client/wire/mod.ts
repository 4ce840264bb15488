/** What clients and workers share: connections, addresses, codecs, errors. */
export { bytesCodec, type Codec, jsonCodec, textCodec } from "./codec.ts";
export { type ConnectionEvents, type ConnectOptions, WireConnection } from "./connection.ts";
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
export { pause } from "./pause.ts";
export { retryDelayMs } from "./retry_delay.ts";
export {
  DEFAULT_PORT,
  parseServerAddress,
  parseServerList,
  type ServerAddress,
  serverText,
} from "./server_address.ts";
