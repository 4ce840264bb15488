import process from "node:process";
import { addressText, runtimeName, runtimeVersion } from "../../runtime/mod.ts";
import { timeText } from "../follow/mod.ts";
import { bytesResponse, jsonResponse } from "../responses.ts";
import type { JsonSchema, Route } from "../route.ts";

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
export const PHASE: JsonSchema = {
  type: "string",
  enum: ["loading", "serving", "draining", "stopped"],
};

export function object(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
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
      items: object({
        protocol: { type: "string", enum: ["gearman", "http"] },
        address: TEXT,
        tls: { type: "boolean" },
      }),
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
            { protocol: "gearman", address: "[::]:4730", tls: true },
            { protocol: "http", address: "127.0.0.1:8080", tls: false },
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
    const { server, config, figures, security } = gateway;
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
          tls: security.gearman !== undefined,
        })),
        ...(http?.addresses ?? []).map((address) => ({
          protocol: "http",
          address: addressText(address),
          tls: security.http !== undefined,
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

export const SERVER_ROUTES: readonly Route[] = [ECHO, INFO, CONFIG];
