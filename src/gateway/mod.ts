/** HTTP: jobs, queues, workers, health and metrics; a peer of the TCP sessions. Loads hono. */
export type { GatewayConfig, PortSecurity, Security } from "./gateway.ts";
export {
  type GatewayDoor,
  type GatewayParts,
  type RunningGateway,
  startGateway,
} from "./start_gateway.ts";
