import type { GatewayConfig } from "./gateway.ts";
import { HEALTH_ROUTES } from "./metrics/mod.ts";
import { OPERATE_ROUTES } from "./operate/mod.ts";
import { pageRoutes } from "./page_routes.ts";
import type { Route } from "./route.ts";

/** Every operation, from which the router, the check of roles and the description are made. */
export function gatewayRoutes(config: Pick<GatewayConfig, "dialect">): readonly Route[] {
  const operations: readonly Route[] = [
    ...OPERATE_ROUTES,
    ...HEALTH_ROUTES,
  ];
  // The old dialect takes addresses that nothing else takes, and is no part of the description.
  const dialect: readonly Route[] = config.dialect === "none" ? [] : [];
  return [...operations, ...pageRoutes(operations), ...dialect];
}
