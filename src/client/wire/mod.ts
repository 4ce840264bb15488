/** What clients and workers share: connections, codecs, errors. */
export { bytesCodec, type Codec, jsonCodec, textCodec } from "./codec.ts";
export {
  ConnectionLostError,
  GearmanError,
  type GearmanErrorCode,
  JobExceptionError,
  JobFailedError,
  QueueFullError,
} from "./errors.ts";
