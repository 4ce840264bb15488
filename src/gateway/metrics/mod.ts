/** `/metrics`, and the health of the server. */
import type { Route } from "../route.ts";
import { CHECK_ROUTES } from "./health_routes.ts";
import { METRICS_ROUTES } from "./metrics_routes.ts";

export const HEALTH_ROUTES: readonly Route[] = [...CHECK_ROUTES, ...METRICS_ROUTES];

export { oldestWaitingMs } from "./function_metrics.ts";
export { workerStateOf } from "./server_metrics.ts";
