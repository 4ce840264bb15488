/** Sockets, sessions, handlers, the store writer: the job server as a running thing. */
export { type Clock, SYSTEM_CLOCK } from "./clock.ts";
export { EndWatch } from "./end_watch.ts";
export type {
  ConnectionView,
  IdempotencyKeys,
  KeptOutcome,
  Outcomes,
  QueuePolicies,
  QueuePolicy,
  Records,
  RunningServer,
  ServerPhase,
  SettledCommit,
  StoreCondition,
} from "./running_server.ts";
export { startServer } from "./server.ts";
export type { ServerConfig, ServerLogLevel, ServerParts } from "./server_parts.ts";
export type { ServerFacts } from "./session.ts";
export { CLOSE_REASONS, type CloseReason, type Traffic } from "./traffic.ts";
