import { textForJson } from "../byte_text.ts";
import { Problem } from "../problem.ts";
import { emptyResponse } from "../responses.ts";
import type { Route } from "../route.ts";
import { findJob, HANDLE, jobUnknown } from "./find_job.ts";

export const CANCEL_ROUTE: Route = {
  method: "DELETE",
  path: "/jobs/{name}",
  operation: "cancelJob",
  tag: "Jobs",
  summary: "Take a job back",
  description:
    "It is not given out any more; those who wait for it are told that it failed. A job " +
    "that is running is only taken from those who wait for it, and only with `running=true`: the " +
    "protocol has no word to stop its worker, whose result is then dropped. Callers need the role " +
    "`submit` or `operate` for the job's function.",
  role: "submit",
  orRole: "operate",
  parameters: [HANDLE, {
    name: "running",
    in: "query",
    description: "Also a job that is running.",
    schema: { type: "boolean", default: false },
    example: true,
  }],
  answers: [{ status: 204, description: "It is cancelled, or had been before." }],
  problems: ["job-unknown", "job-expired", "job-running", "job-over", "starting"],
  handle(call) {
    const { server } = call.gateway;
    const found = findJob(call, ["submit", "operate"]);
    const { handle } = found.kind === "kept" ? found.outcome : found.job;
    const end = found.kind === "kept" ? found.outcome.end : found.job.end;
    if (end === "cancelled") return emptyResponse(204);
    if (found.kind === "kept" || end !== null) {
      throw new Problem("job-over", `The job "${textForJson(handle)}" is over already: ${end}`, {
        handle,
      });
    }
    const { queue } = found.job;
    const cancellation = server.act((jobServer) => {
      const answer = jobServer.cancel(handle, { running: call.flag("running") });
      if (answer === "cancelled") jobServer.forgetIgnored(queue);
      return answer;
    });
    if (cancellation === "unknown") throw jobUnknown(handle);
    if (cancellation === "running") {
      throw new Problem(
        "job-running",
        `The job "${textForJson(handle)}" is running; with running=true its result is dropped`,
        { handle },
      );
    }
    return emptyResponse(204);
  },
};
