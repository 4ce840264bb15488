/** What all lists that come in pages have in common: parameters, answers, cursors. */

import { Buffer } from "node:buffer";
import { bytesOf, type ByteString, byteStringFrom } from "../protocol/mod.ts";
import { bytesOfBase64 } from "./base64.ts";
import { Problem } from "./problem.ts";
import type { JsonSchema, Parameter } from "./route.ts";

export interface PageSize {
  /** Items on a page when nothing is said. */
  readonly usual: number;
  readonly most: number;
}

/** `limit` and `cursor`. */
export function pageParameters(
  { usual, most }: PageSize,
  cursorExample: string,
): readonly Parameter[] {
  return [
    {
      name: "limit",
      in: "query",
      description: "Most items on a page.",
      schema: { type: "integer", minimum: 1, maximum: most, default: usual },
      example: Math.min(most, 2 * usual),
    },
    {
      name: "cursor",
      in: "query",
      description: "`next` of the page before, of the same list with the same filter and order.",
      schema: { type: "string" },
      example: cursorExample,
    },
  ];
}

/** A page as JSON. `nextType`: of the cursor behind its last item. */
export function pageSchema(
  items: JsonSchema,
  nextType: "string" | "integer" = "string",
): JsonSchema {
  return {
    type: "object",
    additionalProperties: false,
    required: ["items", "next"],
    properties: {
      items: { type: "array", items },
      next: {
        type: [nextType, "null"],
        description: "The `cursor` of the next page; null when there is none.",
      },
    },
  };
}

/** The problem of a `cursor` that no page of this list had as its `next`. */
export function invalidCursor(detail = "is no cursor of this list"): Problem {
  return new Problem("invalid-request", `The parameter "cursor" ${detail}`, {
    errors: [{ pointer: "cursor", detail }],
  });
}

/** Any bytes as a cursor, opaque to callers. */
export function cursorOfBytes(bytes: ByteString): string {
  return Buffer.from(bytesOf(bytes)).toString("base64url");
}

/** What `cursorOfBytes` was made of. Throws `invalid-request`. */
export function bytesOfCursor(cursor: string): ByteString {
  const bytes = bytesOfBase64(cursor);
  if (bytes === undefined) throw invalidCursor();
  return byteStringFrom(bytes);
}
