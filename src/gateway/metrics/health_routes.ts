import type { Call } from "../call.ts";
import { Problem } from "../problem.ts";
import { jsonResponse } from "../responses.ts";
import type { Answer, JsonSchema, Parameter, Route } from "../route.ts";
import { CHECK_NAMES, checkHealth, type CheckName, checkReadiness } from "./health.ts";

const CHECK_SCHEMA: JsonSchema = {
  title: "HealthCheck",
  type: "object",
  additionalProperties: false,
  required: ["name", "ok", "detail"],
  properties: {
    name: { type: "string", enum: CHECK_NAMES },
    ok: { type: "boolean" },
    detail: { type: "string" },
  },
};
const CHECK_EXAMPLE = { name: "store", ok: true, detail: "takes jobs; they survive: power-loss" };

const READINESS_SCHEMA: JsonSchema = {
  title: "Readiness",
  type: "object",
  additionalProperties: false,
  required: ["status"],
  properties: {
    status: { type: "string", enum: ["ready", "not ready"] },
    checks: {
      type: "array",
      items: CHECK_SCHEMA,
      description: "With `verbose`: all of them; else those that failed, when some did.",
    },
  },
};

const VERBOSE: Parameter = {
  name: "verbose",
  in: "query",
  description: "Show each check.",
  schema: { type: "boolean" },
};

function readinessAnswer(status: number, description: string, ready: boolean): Answer {
  const example = ready ? { status: "ready" } : {
    status: "not ready",
    checks: [{ name: "store", ok: false, detail: "takes no jobs" }],
  };
  return {
    status,
    description,
    content: { "application/json": { schema: READINESS_SCHEMA, example } },
  };
}

const READY_ROUTE: Omit<Route, "path" | "operation" | "summary"> = {
  method: "GET",
  tag: "Health",
  description:
    "Listeners are open, the store takes jobs and its jobs are all taken up, the server is " +
    "not being drained, and less than 90 % of the descriptors are open.",
  role: "none",
  parameters: [VERBOSE],
  answers: [
    readinessAnswer(200, "It is.", true),
    readinessAnswer(503, "It is not: send work elsewhere.", false),
  ],
  handle(call) {
    const checks = checkReadiness(call.gateway);
    const ready = checks.every(({ ok }) => ok);
    const shown = call.flag("verbose") ? checks : checks.filter(({ ok }) => !ok);
    const status = ready ? "ready" : "not ready";
    return jsonResponse(
      ready ? 200 : 503,
      shown.length === 0 ? { status } : { status, checks: shown },
      NOT_KEPT,
    );
  },
};

const NOT_KEPT = { "cache-control": "no-store" };

const LIVEZ: Route = {
  method: "GET",
  path: "/livez",
  operation: "getLiveness",
  tag: "Health",
  summary: "Whether the process works",
  description: "Asks for nothing but the event loop: a server without its store is alive.",
  role: "none",
  parameters: [],
  answers: [
    { status: 200, description: "The event loop turns.", content: checkContent() },
    { status: 503, description: "It was stuck: restart the process.", content: checkContent() },
  ],
  handle: ({ gateway }) => checkAnswer(gateway, "loop"),
};

const CHECK: Route = {
  method: "GET",
  path: "/health/checks/{name}",
  operation: "getHealthCheck",
  tag: "Health",
  summary: "One check",
  description: "`stalled` and `loop` are no part of `/readyz`.",
  role: "none",
  parameters: [{
    name: "name",
    in: "path",
    required: true,
    description: "Which one.",
    schema: { type: "string", enum: CHECK_NAMES },
    example: "store",
  }],
  answers: [
    { status: 200, description: "As it should be.", content: checkContent() },
    { status: 503, description: "Not as it should be.", content: checkContent() },
  ],
  problems: ["not-found"],
  handle(call) {
    const asked = call.path("name");
    const name = CHECK_NAMES.find((known) => known === asked);
    if (name !== undefined) return checkAnswer(call.gateway, name);
    const detail = `There is no check of this name; there are ${CHECK_NAMES.join(", ")}`;
    throw new Problem("not-found", detail);
  },
};

function checkContent(): NonNullable<Answer["content"]> {
  return { "application/json": { schema: CHECK_SCHEMA, example: CHECK_EXAMPLE } };
}

function checkAnswer(gateway: Call["gateway"], name: CheckName): Response {
  const check = checkHealth(gateway, name);
  return jsonResponse(check.ok ? 200 : 503, check, NOT_KEPT);
}

export const CHECK_ROUTES: readonly Route[] = [
  LIVEZ,
  {
    ...READY_ROUTE,
    path: "/readyz",
    operation: "getReadiness",
    summary: "Whether the server should be sent work",
  },
  {
    ...READY_ROUTE,
    path: "/healthz",
    operation: "getHealth",
    summary: "The same as `/readyz`",
  },
  CHECK,
];
