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
    const found = [...gateway.server.jobServer.table.functions].filter(({ name }) =>
      (start === undefined || name > start) && (globs?.match(name) ?? true) &&
      identity.allows("inspect", name)
    ).sort((a, b) => a.name < b.name ? -1 : 1);
    const page = found.slice(0, call.number("limit") ?? PAGE.usual);
    return jsonResponse(200, {
      items: page.map((queue) => queueJson(queue, gateway)),
      next: page.length < found.length ? cursorOfBytes(page[page.length - 1]!.name) : null,
    });
  },
};
