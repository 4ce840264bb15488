export type { BodySource, BodyWriter, StartBody } from "./body_writer.ts";
export { bytesResponse, pushedResponse } from "./direct_bodies.ts";
export { HttpError, type HttpErrorCode } from "./http_error.ts";
export { DEFAULT_HTTP_LIMITS, type HttpLimits } from "./http_limits.ts";
export { HTTP_PROBLEMS, type HttpProblemType } from "./http_problems.ts";
export type {
  HttpHandler,
  HttpLogLevel,
  HttpPeer,
  HttpServerOptions,
  RunningHttpServer,
} from "./http_server.ts";
export { RequestTurns } from "./request_turns.ts";
export { serveHttp } from "./serve_http.ts";
export { StreamBroken } from "./stream_broken.ts";
