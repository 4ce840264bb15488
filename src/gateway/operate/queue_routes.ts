import { type FunctionQueue, type Job, PRIORITIES } from "../../core/mod.ts";
import { textForJson } from "../byte_text.ts";
import type { Call } from "../call.ts";
import { stateOf } from "../follow/mod.ts";
import { PRIORITY_NAMES } from "../metrics/mod.ts";
import { Problem } from "../problem.ts";
import { emptyResponse, jsonResponse } from "../responses.ts";
import type { Answer, Parameter, Route } from "../route.ts";
import { LIST_QUEUES } from "./queue_list.ts";
import {
  POLICY_EXAMPLE,
  POLICY_SCHEMA,
  policyJson,
  policyTag,
  QUEUE_EXAMPLE,
  QUEUE_SCHEMA,
  queueJson,
} from "./queue_json.ts";
import { changePolicy, PATCH_SCHEMA, patched, type PolicyPatch, stored } from "./queue_policy.ts";

const NAME: Parameter = {
  name: "name",
  in: "path",
  required: true,
  description: "The function, percent-encoded.",
  schema: { type: "string", minLength: 1 },
  example: "resize",
};

const ETAG = { ETag: "Names the policy: to be sent back as `If-Match` with a change." };

/** States of jobs that no worker has. */
const PURGED_STATES = ["scheduled", "queued", "retrying"] as const;

const DETAIL: Route = {
  method: "GET",
  path: "/queues/{name}",
  operation: "getQueue",
  tag: "Queues",
  summary: "One function and its jobs",
  role: "inspect",
  functionIn: "name",
  parameters: [NAME],
  answers: [{
    status: 200,
    description: "As it is at this moment.",
    content: { "application/json": { schema: QUEUE_SCHEMA, example: QUEUE_EXAMPLE } },
    headers: ETAG,
  }],
  problems: ["queue-unknown"],
  handle(call) {
    const queue = knownQueue(call);
    return jsonResponse(200, queueJson(queue, call.gateway), { etag: policyTag(queue) });
  },
};

const POLICY_ANSWER: Answer = {
  status: 200,
  description: "The policy that is in force now, and stored.",
  content: { "application/json": { schema: POLICY_SCHEMA, example: POLICY_EXAMPLE } },
  headers: ETAG,
};

const IF_MATCH: Parameter = {
  name: "If-Match",
  in: "header",
  description: "`ETag` of the policy that is to be changed; with another one nothing is.",
  schema: { type: "string" },
};

const PATCH: Route = {
  method: "PATCH",
  path: "/queues/{name}",
  operation: "changeQueuePolicy",
  tag: "Queues",
  summary: "Change limits and pause",
  description:
    "Applies at once and is kept in the store. A function that does not exist yet is made.",
  role: "operate",
  functionIn: "name",
  parameters: [NAME, IF_MATCH],
  body: {
    description: "A JSON Merge Patch (RFC 7396).",
    required: true,
    content: {
      "application/merge-patch+json": {
        schema: PATCH_SCHEMA,
        example: { max_queue: { low: 1000 } },
      },
      "application/json": { schema: PATCH_SCHEMA, example: { max_queue: null, paused: false } },
    },
  },
  answers: [POLICY_ANSWER],
  problems: ["precondition-failed", "store-unavailable", "unsupported-media-type"],
  async handle(call) {
    const patch = await call.json() as PolicyPatch;
    return await policyResponse(call, (policy) => patched(policy, patch));
  },
};

function pauseRoute(verb: "pause" | "resume", paused: boolean, summary: string): Route {
  return {
    method: "POST",
    path: `/queues/{name}/${verb}`,
    operation: `${verb}Queue`,
    tag: "Queues",
    summary,
    role: "operate",
    functionIn: "name",
    parameters: [NAME],
    answers: [POLICY_ANSWER],
    problems: ["store-unavailable"],
    handle: (call) => policyResponse(call, ({ limits }) => ({ limits, paused })),
  };
}

const PURGE: Route = {
  method: "POST",
  path: "/queues/{name}/purge",
  operation: "purgeQueue",
  tag: "Queues",
  summary: "Cancel the jobs that no worker has",
  description: "Whoever waits for one of them is told that it failed. Jobs that run go on.",
  role: "admin",
  functionIn: "name",
  parameters: [
    NAME,
    {
      name: "confirm",
      in: "query",
      required: true,
      description: "The function again, so that nobody purges another one by mistake.",
      schema: { type: "string" },
      example: "resize",
    },
    {
      name: "state",
      in: "query",
      description: "Only jobs in this state.",
      schema: { type: "string", enum: PURGED_STATES },
    },
    {
      name: "priority",
      in: "query",
      description: "Only jobs of this priority.",
      schema: { type: "string", enum: PRIORITY_NAMES },
    },
  ],
  answers: [{
    status: 200,
    description: "How many were cancelled.",
    content: {
      "application/json": {
        schema: {
          type: "object",
          additionalProperties: false,
          required: ["cancelled"],
          properties: { cancelled: { type: "integer", minimum: 0 } },
        },
        example: { cancelled: 11 },
      },
    },
  }],
  problems: ["queue-unknown"],
  handle(call) {
    const { name } = knownQueue(call);
    if (call.bytes("confirm") !== name) {
      throw new Problem(
        "invalid-request",
        "Nothing was purged: confirm does not name the function",
        {
          function: name,
          errors: [{ pointer: "confirm", detail: "must be the function in the path" }],
        },
      );
    }
    const state = call.text("state");
    const wanted = call.text("priority");
    const priority = PRIORITIES.find((one) => PRIORITY_NAMES[one] === wanted);
    const matches = (job: Job) =>
      (state === undefined || stateOf(job) === state) &&
      (priority === undefined || job.priority === priority);
    const { server, log } = call.gateway;
    const cancelled = server.act((jobServer) => jobServer.purge(name, matches));
    log("NOTICE", `${call.identity.caller} purged ${textForJson(name)}: ${cancelled} jobs`);
    return jsonResponse(200, { cancelled });
  },
};

const DROP: Route = {
  method: "DELETE",
  path: "/queues/{name}",
  operation: "dropQueue",
  tag: "Queues",
  summary: "Forget a function and its policy",
  description:
    "With `force` its jobs are cancelled, those that run too (what their workers send is " +
    "thrown away), and its workers lose the function until they register it again.",
  role: "admin",
  functionIn: "name",
  parameters: [NAME, {
    name: "force",
    in: "query",
    description: "Also when it has jobs or workers.",
    schema: { type: "boolean" },
  }],
  answers: [{ status: 204, description: "It is gone." }],
  problems: ["queue-unknown", "queue-not-empty", "store-unavailable"],
  async handle(call) {
    const queue = knownQueue(call);
    const { name } = queue;
    const { server, log } = call.gateway;
    const force = call.flag("force");
    if (server.act((jobServer) => jobServer.dropFunction(name, { force })) === "in use") {
      throw new Problem(
        "queue-not-empty",
        "Cannot forget the function: it has jobs or workers; purge it, or use force=true",
        { function: name, members: { depth: queue.total, workers: queue.workers } },
      );
    }
    log("NOTICE", `${call.identity.caller} dropped ${textForJson(name)}`);
    await stored(server.queuePolicies.forget(name), name, "It comes back with the next restart");
    return emptyResponse(204);
  },
};

export const QUEUE_ROUTES: readonly Route[] = [
  LIST_QUEUES,
  DETAIL,
  PATCH,
  pauseRoute("pause", true, "Give out no more of its jobs"),
  pauseRoute("resume", false, "Give out its jobs again"),
  PURGE,
  DROP,
];

function knownQueue(call: Call): FunctionQueue {
  const name = call.path("name");
  const queue = call.gateway.server.jobServer.table.findFunction(name);
  if (queue !== undefined) return queue;
  throw new Problem("queue-unknown", "No job or worker has named this function, names are exact", {
    function: name,
  });
}

async function policyResponse(
  call: Call,
  change: Parameters<typeof changePolicy>[2],
): Promise<Response> {
  const policy = await changePolicy(call, call.path("name"), change);
  return jsonResponse(200, policyJson(policy), { etag: policyTag(policy) });
}
