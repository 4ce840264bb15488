/** Bytes to packets and admin lines, and back. Knows nothing of jobs, sockets or time. */
export {
  bytesOf,
  type ByteString,
  byteStringFrom,
  byteStringFromText,
  textOf,
  writeByteString,
} from "./byte_string.ts";
export {
  PACKET_SHAPES,
  type PacketShape,
  packetShape,
  PacketType,
  type PacketTypeName,
} from "./packet_type.ts";
export { HEADER_BYTES, MAGIC_REPLY, MAGIC_REQUEST, Packet } from "./packet.ts";
export { type DecoderLimits, PacketDecoder, type PacketSink } from "./packet_decoder.ts";
export {
  encodePacket,
  encodeReply,
  encodeRequest,
  encodeText,
  type PacketContent,
  writeHeader,
} from "./packet_encoder.ts";
export { ProtocolError, type ProtocolErrorCode } from "./protocol_error.ts";
export { type AdminCommand, parseAdminLine, type QueueLimits } from "./admin_command.ts";
export {
  ADMIN_FUNCTION_IN_USE,
  ADMIN_FUNCTION_NOT_FOUND,
  ADMIN_OK,
  ADMIN_UNKNOWN_ERROR,
  ADMIN_UNKNOWN_JOB,
  adminValue,
  type JobRow,
  jobsReply,
  priorityStatusReply,
  type PriorityStatusRow,
  statusReply,
  type StatusRow,
  uniqueJobsReply,
  type WorkerRow,
  workersReply,
} from "./admin_reply.ts";
export { joinBytes } from "./join_bytes.ts";
export { ErrorReply, type ErrorReplyContent } from "./error_reply.ts";
