import { EXPECTED } from "../json_schema.ts";
import { PRIORITY_NAMES } from "../priority_names.ts";
import type { JsonSchema, Parameter } from "../route.ts";
import { EXPECTED_DURATION } from "../times.ts";

const DURATION: JsonSchema = {
  type: "string",
  pattern: "^[0-9]{1,12}(\\.[0-9]{1,6})?(ms|s|m|h|d|w)?$",
  [EXPECTED]: EXPECTED_DURATION,
};

interface Option {
  readonly name: string;
  readonly description: string;
  readonly schema: JsonSchema;
  readonly example: unknown;
}

/** The options of a submission, in query, headers and envelope alike. */
const OPTIONS: readonly Option[] = [
  {
    name: "background",
    description:
      "A background job: answered with 202 as soon as it is kept. As `Prefer: respond-async`.",
    schema: { type: "boolean" },
    example: true,
  },
  {
    name: "priority",
    description: "Which of the function's three queues.",
    schema: { type: "string", enum: PRIORITY_NAMES, default: "normal" },
    example: "high",
  },
  {
    name: "unique",
    description:
      "Coalescing key, at most 64 bytes: while a job of the function has it, a submission " +
      "joins that job. `-` makes the workload the key. It ends with the job; to repeat a request " +
      "safely use `Idempotency-Key`.",
    schema: { type: "string" },
    example: "invoice-4711",
  },
  {
    name: "unique_hash",
    description: "Puts the SHA-256 (64 hexadecimal digits) in place of a longer `unique`.",
    schema: { type: "boolean" },
    example: false,
  },
  {
    name: "run_at",
    description:
      "When it may run at the earliest: RFC 3339 with offset, or seconds since 1970. Whole " +
      "seconds, rounded up; a time that is past means now. Makes a background job.",
    schema: { type: "string" },
    example: "2030-01-01T03:00:00Z",
  },
  {
    name: "delay",
    description: "The same from now on: `30s`, `5m`, `2h`, `1d`, or seconds.",
    schema: DURATION,
    example: "90s",
  },
  {
    name: "reducer",
    description:
      "Reducer function, 1 to 64 bytes (SUBMIT_REDUCE_JOB). The caller needs the role for it, too.",
    schema: { type: "string", minLength: 1 },
    example: "sum",
  },
  {
    name: "cron",
    description:
      "Five fields: minute, hour, day, month, weekday. Makes a schedule instead of a job; " +
      "see `/schedules`.",
    schema: { type: "string" },
    example: "0 3 * * 1",
  },
  {
    name: "tz",
    description: "Time zone of `cron`, as the IANA names it.",
    schema: { type: "string" },
    example: "Europe/Berlin",
  },
  {
    name: "wait",
    description:
      "Makes a background job and waits so long for its result: 200 when it is there in " +
      "time, else 202. As `Prefer: wait=N`.",
    schema: DURATION,
    example: "10",
  },
  {
    name: "timeout",
    description: "How long a synchronous call waits, then 504.",
    schema: DURATION,
    example: "30s",
  },
  {
    name: "require_worker",
    description: "503 `no-worker` at once when no connected worker can do the function.",
    schema: { type: "boolean" },
    example: true,
  },
  {
    name: "retain",
    description: "How long the outcome of a background job is kept, at most 7 days; 0 = not.",
    schema: DURATION,
    example: "2h",
  },
  {
    name: "stream",
    description:
      "Passes each piece of the result on as the worker sends it (WORK_DATA), chunked. A " +
      "failure after the first piece breaks the connection.",
    schema: { type: "boolean" },
    example: true,
  },
];

export const OPTION_NAMES: readonly string[] = OPTIONS.map(({ name }) => name);

/** Options of the plan that this version has not. Refused, so that nobody relies on them in vain. */
export const REFUSED_OPTION_NAMES = ["attempts", "backoff", "ttl", "max_run", "callback"];

/** Headers that mean the same as an option of the query. */
export function headersOf(option: string): string[] {
  const name = option.split("_").map((word) => word[0]!.toUpperCase() + word.slice(1)).join("-");
  return [`Gearman-${name}`, `X-Gearman-${name}`];
}

export const OPTION_PARAMETERS: readonly Parameter[] = OPTIONS.map((option) => ({
  ...option,
  in: "query",
  headers: headersOf(option.name),
}));

export const IDEMPOTENCY_KEY: Parameter = {
  name: "Idempotency-Key",
  in: "header",
  description:
    "1 to 255 printable characters of the caller's choice. The first request with a key " +
    "makes the job; the same request again gets the same answer and makes none. A synchronous job " +
    "with a key is a background job that the call waits for, so that a cut connection does not lose it.",
  schema: { type: "string" },
  example: "8e03978e-40d5-43dd-bc93-6894a57f9324",
};

export const PREFER: Parameter = {
  name: "Prefer",
  in: "header",
  description:
    "`respond-async`: a background job. `wait=N`: a background job whose result is waited " +
    "for, at most N seconds.",
  schema: { type: "string" },
  example: "respond-async",
};

export const TRACEPARENT: Parameter = {
  name: "traceparent",
  in: "header",
  description: "W3C trace context; echoed.",
  schema: { type: "string" },
  example: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
};

/** One job in JSON. */
export const ENVELOPE_SCHEMA: JsonSchema = {
  title: "JobEnvelope",
  description: "One job. At most one of the payloads; none is an empty workload.",
  type: "object",
  additionalProperties: false,
  properties: {
    function: {
      type: "string",
      description: "Name of the function, 1 to 511 bytes of UTF-8. Needed where the path has none.",
    },
    payload: { description: "Any JSON; the workload is this text, byte for byte." },
    payload_text: { type: "string", description: "The workload is this text in UTF-8." },
    payload_base64: { type: "string", description: "The workload in Base64." },
    idempotency_key: { type: "string", minLength: 1, maxLength: 255 },
    ...Object.fromEntries(OPTIONS.map(({ name, description, schema }) => [
      name,
      schema["pattern"] === undefined && name !== "run_at"
        ? { ...schema, description }
        : { description, anyOf: [schema, { type: "number", minimum: 0 }] },
    ])),
  },
};

export const ENVELOPE_EXAMPLE = {
  function: "reverse",
  payload: { text: "hello" },
  background: true,
  unique: "invoice-4711",
};
