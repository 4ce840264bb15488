import type { Call } from "../call.ts";
import { Problem } from "../problem.ts";
import { textResponse } from "../responses.ts";
import type { Answer, Route } from "../route.ts";
import { FunctionGlobs } from "../trust/mod.ts";
import type { ExpositionFormat } from "./exposition.ts";
import { scrape, scrapeFunctions } from "./scrape.ts";

/** Media types of the two formats, the first for whoever does not mind. */
const PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const ANSWERS: readonly Answer[] = [{
  status: 200,
  description: "All samples of this moment. docs/metrics.md lists the names.",
  content: {
    "text/plain": { schema: null, example: "# TYPE gearman_up gauge\ngearman_up 1\n" },
    "application/openmetrics-text": { schema: null },
  },
}];

export const METRICS_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/metrics",
    operation: "getMetrics",
    tag: "Health",
    summary: "Metrics for Prometheus",
    description:
      "Prometheus text, or OpenMetrics when the Accept header prefers it. Functions beyond " +
      "the bound of labels share the label `_other`. A token that is for some functions sees those.",
    role: "metrics",
    parameters: [],
    answers: ANSWERS,
    problems: ["not-acceptable"],
    handle(call) {
      const { identity } = call;
      const maySee = (name: string | null) =>
        name === null ? identity.allowsAll("metrics") : identity.allows("metrics", name);
      return answer(call, (format) => scrape(call.gateway, format, maySee));
    },
  },
  {
    method: "GET",
    path: "/metrics/detailed",
    operation: "getDetailedMetrics",
    tag: "Health",
    summary: "Metrics of some functions, whatever their number",
    role: "metrics",
    parameters: [{
      name: "function",
      in: "query",
      required: true,
      description: "Name, with `*` for any bytes and `?` for one.",
      schema: { type: "string", minLength: 1 },
      example: "image-*",
    }],
    answers: ANSWERS,
    problems: ["not-acceptable"],
    handle(call) {
      const globs = new FunctionGlobs([call.bytes("function")!]);
      const matches = (name: string) => globs.match(name) && call.identity.allows("metrics", name);
      return answer(call, (format) => scrapeFunctions(call.gateway, format, matches));
    },
  },
];

function answer(call: Call, write: (format: ExpositionFormat) => string): Response {
  const mediaType = call.accepts([PROMETHEUS, OPENMETRICS]);
  if (mediaType === undefined) {
    throw new Problem("not-acceptable", `Metrics come as ${PROMETHEUS} or ${OPENMETRICS}`);
  }
  const format = mediaType === OPENMETRICS ? "openmetrics" : "prometheus";
  return textResponse(200, write(format), mediaType);
}
