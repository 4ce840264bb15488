/** Sockets, sessions, handlers, the store writer: the job server as a running thing. */
export { type Clock, SYSTEM_CLOCK } from "./clock.ts";
export {
  type RunningServer,
  type ServerConfig,
  type ServerLogLevel,
  type ServerParts,
  startServer,
} from "./server.ts";
export type { ServerFacts } from "./session.ts";
