import { jsonResponse } from "../responses.ts";
import type { Route } from "../route.ts";
import { explain, explainOver, EXPLANATION_EXAMPLE, EXPLANATION_SCHEMA } from "./explain.ts";
import { findJob, HANDLE } from "./find_job.ts";

export const EXPLAIN_ROUTE: Route = {
  method: "GET",
  path: "/jobs/{name}/explain",
  operation: "explainJob",
  tag: "Jobs",
  summary: "Why a job is not running",
  description: "Reasons in the order in which they have to go, each with what to do about it.",
  role: "inspect",
  parameters: [HANDLE],
  answers: [{
    status: 200,
    description: "The reasons; never none.",
    content: { "application/json": { schema: EXPLANATION_SCHEMA, example: EXPLANATION_EXAMPLE } },
  }],
  problems: ["job-unknown", "job-expired", "starting"],
  handle(call) {
    const { server } = call.gateway;
    const found = findJob(call, ["inspect"]);
    const explanation = found.kind === "kept"
      ? explainOver(found.outcome, server)
      : explain(found.job, server, (name) => call.identity.allows("inspect", name));
    return jsonResponse(200, explanation);
  },
};
