import type { ProblemType } from "../problem.ts";
import type { Parameter, Route } from "../route.ts";
import {
  ACCEPTED_ANSWER,
  BULK_ANSWERS,
  NDJSON,
  RESULT_ANSWER,
  SCHEDULE_ANSWER,
} from "./answer_descriptions.ts";
import { ENVELOPE } from "./answers.ts";
import { submitEnvelopes } from "./bulk.ts";
import { readNamedJob } from "./job_request.ts";
import {
  ENVELOPE_EXAMPLE,
  ENVELOPE_SCHEMA,
  IDEMPOTENCY_KEY,
  OPTION_PARAMETERS,
  PREFER,
  TRACEPARENT,
} from "./option_parameters.ts";
import { submitJob } from "./submit_call.ts";

const FUNCTION: Parameter = {
  name: "name",
  in: "path",
  description: "Name of the function, 1 to 511 bytes, percent-encoded as one segment.",
  schema: { type: "string" },
  required: true,
  example: "reverse",
};

const ATOMIC: Parameter = {
  name: "atomic",
  in: "query",
  description: "For several jobs: all are accepted, or none.",
  schema: { type: "boolean" },
  example: true,
};

const PROBLEMS_OF_JOBS: readonly ProblemType[] = [
  "idempotency-in-progress",
  "job-expired",
  "idempotency-mismatch",
  "too-many-requests",
  "job-failed",
  "job-exception",
  "worker-lost",
  "job-cancelled",
  "result-too-large",
  "queue-full",
  "too-many-functions",
  "no-worker",
  "store-unavailable",
  "draining",
  "job-timeout",
];

const ENVELOPE_CONTENT = {
  schema: {
    anyOf: [ENVELOPE_SCHEMA, { type: "array", items: ENVELOPE_SCHEMA, maxItems: 1000 }],
  },
  example: ENVELOPE_EXAMPLE,
};

const submitJobRoute: Route = {
  method: "POST",
  path: "/jobs/{name}",
  operation: "submitJob",
  tag: "Jobs",
  summary: "Submit a job",
  description:
    "The body is the workload, any bytes. The call waits for the result unless it asks for " +
    "a background job, which is answered with 202 when the server keeps it. When the caller " +
    "disconnects while it waits, a job that has not begun is withdrawn. A call that is made again " +
    "because its answer was lost makes a second job, unless both have the same `Idempotency-Key`.",
  role: "submit",
  functionIn: "name",
  parameters: [FUNCTION, ...OPTION_PARAMETERS, IDEMPOTENCY_KEY, PREFER, TRACEPARENT],
  body: {
    description: "The workload, or an envelope with the workload and the options.",
    content: {
      "*/*": { schema: null },
      [ENVELOPE]: { schema: ENVELOPE_SCHEMA, example: ENVELOPE_EXAMPLE },
    },
  },
  answers: [RESULT_ANSWER, ACCEPTED_ANSWER, SCHEDULE_ANSWER],
  problems: PROBLEMS_OF_JOBS,
  handle: async (call) => await submitJob(call, await readNamedJob(call)),
};

const submitEnvelopesRoute: Route = {
  method: "POST",
  path: "/jobs",
  operation: "submitJobs",
  tag: "Jobs",
  summary: "Submit one job or many as JSON",
  description:
    "An object is one job, answered as `POST /jobs/{name}` is. An array, or NDJSON with one " +
    "job a line, is a bulk request of background jobs: up to 1000 in an array, any number as NDJSON, " +
    "which is answered line by line while it comes. All jobs of an array are kept in one write. An " +
    "`Idempotency-Key` counts for each job by its place.",
  role: "submit",
  parameters: [ATOMIC, IDEMPOTENCY_KEY, PREFER, TRACEPARENT],
  body: {
    description: "One envelope or an array of them, or one a line.",
    required: true,
    content: {
      [ENVELOPE]: ENVELOPE_CONTENT,
      "application/json": ENVELOPE_CONTENT,
      [NDJSON]: { schema: ENVELOPE_SCHEMA, example: ENVELOPE_EXAMPLE },
      "application/ndjson": { schema: ENVELOPE_SCHEMA, example: ENVELOPE_EXAMPLE },
    },
  },
  answers: [RESULT_ANSWER, ACCEPTED_ANSWER, SCHEDULE_ANSWER, ...BULK_ANSWERS],
  problems: PROBLEMS_OF_JOBS,
  handle: submitEnvelopes,
};

/** Jobs come in. */
export const SUBMIT_ROUTES: readonly Route[] = [submitJobRoute, submitEnvelopesRoute];
