import type { FunctionQueue } from "../../core/mod.ts";
import type { Call } from "../call.ts";
import { Problem } from "../problem.ts";
import type { Parameter } from "../route.ts";

export const NAME: Parameter = {
  name: "name",
  in: "path",
  required: true,
  description: "The function, percent-encoded.",
  schema: { type: "string", minLength: 1 },
  example: "resize",
};

/** The function in the path. Throws `queue-unknown`. */
export function knownQueue(call: Call): FunctionQueue {
  const name = call.path("name");
  const queue = call.gateway.server.jobServer.table.findFunction(name);
  if (queue !== undefined) return queue;
  throw new Problem("queue-unknown", "No job or worker has named this function, names are exact", {
    function: name,
  });
}
