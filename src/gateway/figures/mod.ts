/** What is counted while the server runs. */
export { Figures } from "./figures.ts";
export {
  type FunctionFigures,
  MODES,
  OUTCOMES,
  REJECTIONS,
  RETURN_CAUSES,
  submittedAt,
  VIAS,
} from "./function_figures.ts";
export type { Histogram } from "./histogram.ts";
export { HttpFigures, type HttpTotals } from "./http_figures.ts";
export { JobFigures, KEY_RESULTS } from "./job_figures.ts";
export { RATE_WINDOWS } from "./rate.ts";
export { isIdle, nextJob } from "./stalls.ts";
export type { StoreFigures } from "./store_figures.ts";
