/** What other tests share with the fault tests. */
export { Canary, type CanaryReport } from "./canary.ts";
export { type PeerHandler, PeerSocket } from "./peer_socket.ts";
export { mebibytes, type ProcessFigures, processFigures } from "./process_figures.ts";
export { type ReplyPacket, type ReplySink, ReplyStream, StreamFault } from "./reply_stream.ts";
