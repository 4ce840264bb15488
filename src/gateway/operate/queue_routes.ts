import type { Call } from "../call.ts";
import { jsonResponse } from "../responses.ts";
import type { Answer, Parameter, Route } from "../route.ts";
import { knownQueue, NAME } from "./known_queue.ts";
import {
  POLICY_EXAMPLE,
  POLICY_SCHEMA,
  policyJson,
  policyTag,
  QUEUE_EXAMPLE,
  QUEUE_SCHEMA,
  queueJson,
} from "./queue_json.ts";
import { LIST_QUEUES } from "./queue_list.ts";
import { changePolicy, PATCH_SCHEMA, patched, type PolicyPatch } from "./queue_policy.ts";

const ETAG = { ETag: "Names the policy: to be sent back as `If-Match` with a change." };

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
  problems: [
    "precondition-failed",
    "too-many-functions",
    "store-unavailable",
    "unsupported-media-type",
  ],
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
    problems: ["too-many-functions", "store-unavailable"],
    handle: (call) => policyResponse(call, ({ limits }) => ({ limits, paused })),
  };
}

export const QUEUE_ROUTES: readonly Route[] = [
  LIST_QUEUES,
  DETAIL,
  PATCH,
  pauseRoute("pause", true, "Give out no more of its jobs"),
  pauseRoute("resume", false, "Give out its jobs again"),
];

async function policyResponse(
  call: Call,
  change: Parameters<typeof changePolicy>[2],
): Promise<Response> {
  const policy = await changePolicy(call, call.path("name"), change);
  return jsonResponse(200, policyJson(policy), { etag: policyTag(policy) });
}
