import type { FunctionQueue } from "../../core/mod.ts";
import type { ByteString } from "../../protocol/mod.ts";
import { EXPECTED } from "../json_schema.ts";
import { Problem } from "../problem.ts";
import { jsonResponse } from "../responses.ts";
import type { Route } from "../route.ts";
import { FunctionGlobs } from "../trust/mod.ts";
import { QUEUE_EXAMPLE, QUEUE_SCHEMA, queueJson } from "./queue_json.ts";

const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1000;

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
    {
      name: "limit",
      in: "query",
      description: `Most functions in one answer; ${DEFAULT_PAGE} when not given.`,
      schema: { type: "integer", minimum: 1, maximum: LARGEST_PAGE },
    },
    {
      name: "cursor",
      in: "query",
      description: "`next` of the answer before.",
      schema: {
        type: "string",
        pattern: "^[A-Za-z0-9_-]+$",
        [EXPECTED]: "the `next` of the answer before",
      },
    },
  ],
  answers: [{
    status: 200,
    description: "A page of functions; `next` is null on the last one.",
    content: {
      "application/json": {
        schema: {
          type: "object",
          additionalProperties: false,
          required: ["items", "next"],
          properties: {
            items: { type: "array", items: QUEUE_SCHEMA },
            next: { type: ["string", "null"] },
          },
        },
        example: { items: [QUEUE_EXAMPLE], next: null },
      },
    },
  }],
  handle(call) {
    const { gateway, identity } = call;
    const glob = call.bytes("function");
    const globs = glob === undefined ? undefined : new FunctionGlobs([glob]);
    const after = call.text("cursor");
    const start = after === undefined ? undefined : nameFromCursor(after);
    const found = [...gateway.server.jobServer.table.functions].filter(({ name }) =>
      (start === undefined || name > start) && (globs?.match(name) ?? true) &&
      identity.allows("inspect", name)
    ).sort((a, b) => a.name < b.name ? -1 : 1);
    const page = found.slice(0, call.number("limit") ?? DEFAULT_PAGE);
    return jsonResponse(200, {
      items: page.map((queue) => queueJson(queue, gateway)),
      next: page.length < found.length ? cursorOf(page[page.length - 1]!) : null,
    });
  },
};

function cursorOf({ name }: FunctionQueue): string {
  return btoa(name).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** Throws `invalid-request`. */
function nameFromCursor(cursor: string): ByteString {
  try {
    return atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
  } catch (cause) {
    throw new Problem("invalid-request", "The cursor is not one that was given out here", {
      errors: [{ pointer: "cursor", detail: "must be `next` of an answer" }],
    }, { cause });
  }
}
