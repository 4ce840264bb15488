import process from "node:process";
import { addressText, runtimeName, runtimeVersion } from "../../runtime/mod.ts";
import type { Call } from "../call.ts";
import { timeText } from "../follow/mod.ts";
import { Problem } from "../problem.ts";
import { bytesResponse, jsonResponse } from "../responses.ts";
import type { Answer, JsonSchema, Route } from "../route.ts";

const ECHO: Route = {
  method: "POST",
  path: "/echo",
  operation: "echo",
  tag: "Server",
  summary: "Send the body back",
  description: "As ECHO_REQ of the binary port: byte for byte.",
  role: "submit",
  orRole: "inspect",
  parameters: [],
  body: { description: "Anything.", content: { "*/*": { schema: null } } },
  answers: [{
    status: 200,
    description: "The same bytes.",
    content: { "application/octet-stream": { schema: null } },
  }],
  handle: async (call) => bytesResponse(200, await call.body(), "application/octet-stream"),
};

const TEXT: JsonSchema = { type: "string" };
const COUNT: JsonSchema = { type: "integer", minimum: 0 };
const PHASE: JsonSchema = { type: "string", enum: ["loading", "serving", "draining", "stopped"] };

function object(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return {
    type: "object",
    additionalProperties: false,
    required: Object.keys(properties),
    properties,
  };
}

const INFO_SCHEMA: JsonSchema = {
  title: "Server",
  ...object({
    version: TEXT,
    runtime: object({ name: { type: "string", enum: ["deno", "bun"] }, version: TEXT }),
    pid: COUNT,
    started_at: { type: "string", format: "date-time" },
    uptime_seconds: { type: "number", minimum: 0 },
    phase: PHASE,
    listeners: {
      type: "array",
      items: object({ protocol: { type: "string", enum: ["gearman", "http"] }, address: TEXT }),
    },
    store: object({
      description: TEXT,
      durability: {
        type: "string",
        enum: ["nothing", "restart", "power-loss"],
        description: "What a job survives whose acceptance was acknowledged.",
      },
      promise: { type: ["string", "null"], description: "The same in words." },
      up: { type: "boolean" },
      problem: { type: ["string", "null"], description: "What the last failure said." },
      waiting: { ...COUNT, description: "Jobs that wait to be stored." },
      largest_workload_bytes: COUNT,
    }),
    functions: COUNT,
    jobs: COUNT,
    outcomes_kept: { ...COUNT, description: "Ended jobs whose outcome can be asked for." },
  }),
};

const INFO: Route = {
  method: "GET",
  path: "/info",
  operation: "getServer",
  tag: "Server",
  summary: "Version, store and listeners",
  role: "inspect",
  parameters: [],
  answers: [{
    status: 200,
    description: "As it is at this moment.",
    content: {
      "application/json": {
        schema: INFO_SCHEMA,
        example: {
          version: "0.1.0",
          runtime: { name: "deno", version: "2.9.6" },
          pid: 4711,
          started_at: "2026-08-01T11:00:00.000Z",
          uptime_seconds: 3600.25,
          phase: "serving",
          listeners: [
            { protocol: "gearman", address: "[::]:4730" },
            { protocol: "http", address: "127.0.0.1:8080" },
          ],
          store: {
            description: "sqlite /var/lib/cogd/queue.db",
            durability: "power-loss",
            promise: null,
            up: true,
            problem: null,
            waiting: 0,
            largest_workload_bytes: 999_000_000,
          },
          functions: 3,
          jobs: 120,
          outcomes_kept: 41,
        },
      },
    },
  }],
  handle({ gateway }) {
    const { server, config, figures } = gateway;
    const { table } = server.jobServer;
    const store = server.storeCondition();
    const http = figures.http.server;
    return jsonResponse(200, {
      version: config.version,
      runtime: { name: runtimeName, version: runtimeVersion },
      pid: process.pid,
      started_at: timeText(server.startedAt),
      uptime_seconds: Math.max(0, server.clock.now() - server.startedAt) / 1000,
      phase: server.phase,
      listeners: [
        ...server.addresses.map((address) => ({
          protocol: "gearman",
          address: addressText(address),
        })),
        ...(http?.addresses ?? []).map((address) => ({
          protocol: "http",
          address: addressText(address),
        })),
      ],
      store: {
        description: store.description,
        durability: store.durability,
        promise: store.promise ?? null,
        up: store.up,
        problem: store.problem ?? null,
        waiting: store.waiting,
        largest_workload_bytes: store.largestWorkload,
      },
      functions: [...table.functions].length,
      jobs: table.jobCount,
      outcomes_kept: server.outcomes.size,
    });
  },
};

const CONFIG: Route = {
  method: "GET",
  path: "/config",
  operation: "getConfig",
  tag: "Server",
  summary: "Settings and limits in force",
  description: "Secrets are not in it. Times are milliseconds, sizes bytes.",
  role: "inspect",
  parameters: [],
  answers: [{
    status: 200,
    description:
      "`http`: the gateway's settings. `limits`: the bounds of the binary port and the store.",
    content: {
      "application/json": {
        schema: object({ http: { type: "object" }, limits: { type: "object" } }),
        example: { http: { syncMs: 60_000 }, limits: { maxPacketBytes: 268_435_456 } },
      },
    },
  }],
  handle: ({ gateway }) =>
    jsonResponse(200, { http: gateway.config, limits: gateway.server.limits }),
};

const PHASE_ANSWER: Answer = {
  status: 200,
  description: "The phase that the server is in now.",
  content: {
    "application/json": { schema: object({ phase: PHASE }), example: { phase: "draining" } },
  },
};

function drainRoute(verb: "drain" | "undrain", draining: boolean, summary: string): Route {
  return {
    method: "POST",
    path: `/admin/${verb}`,
    operation: `${verb}Server`,
    tag: "Server",
    summary,
    description: "Concerns submissions over HTTP; the binary port serves on.",
    role: "admin",
    parameters: [],
    answers: [PHASE_ANSWER],
    handle(call) {
      const { server } = call.gateway;
      server.setDraining(draining);
      call.gateway.log("NOTICE", `${call.identity.caller}: ${verb} of the server`);
      return jsonResponse(200, { phase: server.phase });
    },
  };
}

const SHUTDOWN: Route = {
  method: "POST",
  path: "/admin/shutdown",
  operation: "shutDown",
  tag: "Server",
  summary: "End the server",
  description: "Works only when it was enabled at the start. Background jobs stay in the store.",
  role: "admin",
  parameters: [{
    name: "graceful",
    in: "query",
    description: "First let the jobs end that run or would be lost.",
    schema: { type: "boolean" },
  }],
  answers: [{
    status: 202,
    description: "It ends.",
    content: {
      "application/json": {
        schema: object({ graceful: { type: "boolean" } }),
        example: { graceful: true },
      },
    },
  }],
  handle(call) {
    requireShutdown(call);
    const { gateway } = call;
    const graceful = call.flag("graceful");
    gateway.log("NOTICE", `${call.identity.caller} ends the server`);
    // The answer leaves first.
    gateway.server.clock.later(0, () => gateway.shutdown(graceful));
    return jsonResponse(202, { graceful });
  },
};

function requireShutdown({ gateway }: Call): void {
  if (gateway.config.shutdownEnabled) return;
  throw new Problem(
    "forbidden",
    "Cannot end the server over HTTP: it was started without --http-shutdown",
  );
}

export const SERVER_ROUTES: readonly Route[] = [
  ECHO,
  INFO,
  CONFIG,
  drainRoute("drain", true, "Take no more jobs over HTTP"),
  drainRoute("undrain", false, "Take jobs again"),
  SHUTDOWN,
];
