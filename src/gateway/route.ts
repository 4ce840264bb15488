import type { Call } from "./call.ts";
import type { JsonSchema } from "./json_schema.ts";
import type { ProblemType } from "./problem.ts";
import type { Role } from "./role.ts";

export type { JsonSchema, Role };

/** An input of a route that is not its body. */
export interface Parameter {
  readonly name: string;
  readonly in: "query" | "header" | "path";
  /**
   * Headers that mean the same as a query parameter (`Gearman-Priority`, `X-Gearman-Priority`). Values
   * that contradict one another are an `invalid-request`.
   */
  readonly headers?: readonly string[];
  readonly description: string;
  /** Of one string: `type` string, integer, number or boolean (`true`, `1` or empty; `false`, `0`). */
  readonly schema: JsonSchema;
  readonly required?: boolean;
  readonly example?: unknown;
}

export interface RequestBody {
  readonly description: string;
  readonly required?: boolean;
  /**
   * By media type, a family (`text/*`), or any (a star on both sides); others are answered with `unsupported-media-type`. A schema of
   * null = any bytes. JSON is parsed and checked by `call.json()`.
   */
  readonly content: Readonly<Record<string, { schema: JsonSchema | null; example?: unknown }>>;
}

export interface Answer {
  readonly status: number;
  readonly description: string;
  /** By media type; null = bytes or text without a schema. */
  readonly content?: Readonly<Record<string, { schema: JsonSchema | null; example?: unknown }>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One operation: the only place from which the router, the role check and OpenAPI are made. */
export interface Route {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** OpenAPI template, e.g. `/jobs/{name}/result`. Two routes never differ in parameter names only. */
  readonly path: string;
  /** Unique, camelCase: becomes `operationId`. */
  readonly operation: string;
  readonly tag: "Jobs" | "Queues" | "Schedules" | "Workers" | "Server" | "Health";
  readonly summary: string;
  readonly description?: string;
  /** Who may; `none` = everybody who reaches the port. Checked before `handle`, in one place. */
  readonly role: Role | "none";
  /** Another role that is enough in place of `role`. */
  readonly orRole?: Role;
  /**
   * The path parameter that names a function: the caller needs the role for that function. Without it, having
   * the role for any function is enough, and the handler asks `call.identity` about those it touches.
   */
  readonly functionIn?: string;
  /** Concerns all functions: the caller needs the role for every one. With the role `admin` always so. */
  readonly everyFunction?: boolean;
  readonly parameters: readonly Parameter[];
  readonly body?: RequestBody;
  readonly answers: readonly Answer[];
  /** Problems beside those that any route may answer (400, 401, 403, 413, 500). */
  readonly problems?: readonly ProblemType[];
  /** Left out of the OpenAPI description (pages for people). */
  readonly hidden?: boolean;
  handle(call: Call): Response | Promise<Response>;
}
