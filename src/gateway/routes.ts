import { DIALECT_ROUTE } from "./dialect/mod.ts";
import { FOLLOW_ROUTES } from "./follow/mod.ts";
import type { GatewayConfig } from "./gateway.ts";
import { HEALTH_ROUTES } from "./metrics/mod.ts";
import { OPERATE_ROUTES } from "./operate/mod.ts";
import { pageRoutes } from "./page_routes.ts";
import type { Route } from "./route.ts";
import { SCHEDULE_ROUTES } from "./plan/mod.ts";
import { SUBMIT_ROUTES } from "./submit/mod.ts";

/** Every operation, from which the router, the check of roles and the description are made. */
export function gatewayRoutes(version: string): readonly Route[] {
  const operations: readonly Route[] = [
    ...SUBMIT_ROUTES,
    ...FOLLOW_ROUTES,
    ...OPERATE_ROUTES,
    ...SCHEDULE_ROUTES,
    ...HEALTH_ROUTES,
  ];
  return [...operations, ...pageRoutes(operations, version)];
}

/** The old dialect takes addresses that nothing else takes, and is no part of the description. */
export function fallbackRoute(dialect: GatewayConfig["dialect"]): Route | undefined {
  return dialect === "none" ? undefined : DIALECT_ROUTE;
}
