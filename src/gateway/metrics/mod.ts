/** What is counted, `/metrics`, and the health of the server. */
import type { Route } from "../route.ts";
import { CHECK_ROUTES } from "./health_routes.ts";
import { METRICS_ROUTES } from "./metrics_routes.ts";

export const HEALTH_ROUTES: readonly Route[] = [...CHECK_ROUTES, ...METRICS_ROUTES];

export { Figures } from "./figures.ts";
export type { FunctionFigures } from "./function_figures.ts";
export { oldestWaitingMs } from "./function_metrics.ts";
export type { Histogram } from "./histogram.ts";
export { HttpFigures, type HttpTotals } from "./http_figures.ts";
export { JobFigures } from "./job_figures.ts";
export { RATE_WINDOWS } from "./rate.ts";
export { workerStateOf } from "./server_metrics.ts";
export { isIdle } from "./stalls.ts";
