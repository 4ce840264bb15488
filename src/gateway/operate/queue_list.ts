import type { FunctionQueue } from "../../core/mod.ts";
import {
  bytesOfCursor,
  cursorOfBytes,
  pageParameters,
  pageSchema,
  type PageSize,
} from "../paging.ts";
import { jsonResponse } from "../responses.ts";
import type { Route } from "../route.ts";
import { FunctionGlobs } from "../trust/mod.ts";
import { QUEUE_EXAMPLE, QUEUE_SCHEMA, queueJson } from "./queue_json.ts";

const PAGE: PageSize = { usual: 100, most: 1000 };

export const LIST_QUEUES: Route = {
  method: "GET",
  path: "/queues",
  operation: "listQueues",
  tag: "Queues",
  summary: "Functions and their jobs",
  description: "Ordered by name. Those for which the caller has the role.",
  role: "inspect",
  parameters: [
    {
      name: "function",
      in: "query",
      description: "Only names that match, with `*` for any bytes and `?` for one.",
      schema: { type: "string", minLength: 1 },
      example: "image-*",
    },
    ...pageParameters(PAGE, "cmVzaXpl"),
  ],
  answers: [{
    status: 200,
    description: "A page of functions; `next` is null on the last one.",
    content: {
      "application/json": {
        schema: pageSchema(QUEUE_SCHEMA),
        example: { items: [QUEUE_EXAMPLE], next: null },
      },
    },
  }],
  handle(call) {
    const { gateway, identity } = call;
    const glob = call.bytes("function");
    const globs = glob === undefined ? undefined : new FunctionGlobs([glob]);
    const after = call.text("cursor");
    const start = after === undefined ? undefined : bytesOfCursor(after);
    const limit = call.number("limit") ?? PAGE.usual;
    const found: FunctionQueue[] = [];
    for (const queue of gateway.server.jobServer.table.functions) {
      const { name } = queue;
      if (start !== undefined && name <= start) continue;
      if (globs?.match(name) === false || !identity.allows("inspect", name)) continue;
      keepFirst(found, queue, limit + 1);
    }
    const page = found.slice(0, limit);
    return jsonResponse(200, {
      items: page.map((queue) => queueJson(queue, gateway)),
      next: page.length < found.length ? cursorOfBytes(page[page.length - 1]!.name) : null,
    });
  },
};

/** Puts one among the first by name; of very many functions no more than a page is put in order. */
function keepFirst(first: FunctionQueue[], queue: FunctionQueue, most: number): void {
  const { name } = queue;
  if (first.length === most && first[most - 1]!.name < name) return;
  let low = 0;
  let high = first.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (first[middle]!.name < name) low = middle + 1;
    else high = middle;
  }
  first.splice(low, 0, queue);
  if (first.length > most) first.pop();
}
