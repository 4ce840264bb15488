import { type Job, PRIORITIES } from "../../core/mod.ts";
import { textForJson } from "../byte_text.ts";
import { stateOf } from "../follow/mod.ts";
import { PRIORITY_NAMES } from "../priority_names.ts";
import { Problem } from "../problem.ts";
import { emptyResponse, jsonResponse } from "../responses.ts";
import type { Route } from "../route.ts";
import { knownQueue, NAME } from "./known_queue.ts";
import { stored } from "./queue_policy.ts";

/** States of jobs that no worker has. */
const PURGED_STATES = ["scheduled", "queued", "retrying"] as const;

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
    await stored(
      call,
      server.queuePolicies.forget(name),
      name,
      "It comes back with the next restart",
    );
    return emptyResponse(204);
  },
};

export const REMOVAL_ROUTES: readonly Route[] = [PURGE, DROP];
