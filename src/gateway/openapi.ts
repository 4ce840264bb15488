import { PROBLEMS, type ProblemType } from "./problem.ts";
import { PROBLEM_MEDIA_TYPE, problemAddress } from "./problem_response.ts";
import type { Answer, JsonSchema, Parameter, Route } from "./route.ts";
import { NEEDS_JOBS } from "./route_paths.ts";
import { SchemaComponents } from "./schema_components.ts";

/** The headings of the description, in their order. */
export const TAGS: readonly { readonly name: Route["tag"]; readonly description: string }[] = [
  { name: "Jobs", description: "Submit jobs, follow them, take them back." },
  { name: "Queues", description: "Functions: their jobs, limits and pauses." },
  { name: "Schedules", description: "Jobs that come again." },
  { name: "Workers", description: "Connections of workers and clients." },
  { name: "Server", description: "The server itself." },
  { name: "Health", description: "For probes and monitoring." },
];

export const PROBLEM_SCHEMA: JsonSchema = {
  title: "Problem",
  description: "What went wrong (RFC 9457). Further members belong to the kind of problem.",
  type: "object",
  properties: {
    type: {
      type: "string",
      format: "uri-reference",
      description: "The kind of problem; stable. The address describes it.",
    },
    title: { type: "string", description: "The kind in words." },
    status: { type: "integer", description: "As the status of the response." },
    detail: { type: "string", description: "What happened to this request, and what to do." },
    instance: { type: "string", description: "The path that was asked for." },
    handle: { type: "string" },
    function: { type: "string" },
    retry_after: { type: "integer", description: "Seconds, as the header `Retry-After`." },
    errors: {
      type: "array",
      description: "Each wrong field.",
      items: {
        type: "object",
        properties: {
          pointer: {
            type: "string",
            description: "JSON pointer into the body, or the name of a parameter or header.",
          },
          detail: { type: "string" },
        },
        required: ["pointer", "detail"],
      },
    },
  },
  required: ["type", "title", "status", "detail"],
};

/** The OpenAPI 3.1 description of all routes but the hidden ones. */
export function openApiDocument(
  routes: readonly Route[],
  version: string,
): Record<string, unknown> {
  const components = new SchemaComponents();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes.filter(({ hidden }) => hidden !== true)) {
    const operations = paths[route.path] ??= {};
    operations[route.method.toLowerCase()] = operation(route, components);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "cogd",
      version,
      description:
        "The Gearman job server cogd over HTTP. Workloads and results are plain bytes; " +
        "names that are not UTF-8 are percent-encoded.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags: TAGS,
    paths,
    components: {
      schemas: components.all(),
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          description:
            "Made by `cogd token add`. Not asked for where the server was started without " +
            "tokens. Roles: submit, inspect, operate (brings inspect), admin (brings all), metrics.",
        },
      },
    },
  };
}

/** Problems that a route may answer with, its own first. */
export function problemsOf(route: Route): readonly ProblemType[] {
  // Parameters that an operation does not have are refused by every one.
  const types = new Set<ProblemType>(route.problems).add("invalid-request").add("host-not-allowed");
  if (route.method !== "GET") types.add("origin-not-allowed");
  if (route.role !== "none") types.add("unauthorized").add("forbidden");
  if (route.body !== undefined) {
    types.add("request-timeout").add("payload-too-large");
    if (!Object.hasOwn(route.body.content, "*/*")) types.add("unsupported-media-type");
  }
  if (NEEDS_JOBS.has(route.tag)) types.add("starting");
  return [...types.add("internal-error")];
}

/** What a reader should know of headers that stand for a parameter. */
export function parameterText({ description, headers }: Parameter): string {
  if (headers === undefined || headers.length === 0) return description;
  return `${description} Also as header ${headers.map((name) => `\`${name}\``).join(", ")}.`;
}

function operation(route: Route, components: SchemaComponents): Record<string, unknown> {
  const { operation, tag, summary, description, role, orRole, parameters, body } = route;
  return {
    operationId: operation,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: role === "none"
      ? []
      : [role, ...(orRole === undefined ? [] : [orRole])].map((one) => ({ token: [one] })),
    ...(parameters.length === 0
      ? {}
      : { parameters: parameters.map((one) => parameterObject(one, components)) }),
    ...(body === undefined ? {} : {
      requestBody: {
        description: body.description,
        required: body.required === true,
        content: contentObject(body.content, components),
      },
    }),
    responses: responses(route, components),
  };
}

function parameterObject(parameter: Parameter, components: SchemaComponents): unknown {
  const { name, in: place, schema, required, example } = parameter;
  return {
    name,
    in: place,
    description: parameterText(parameter),
    required: place === "path" || required === true,
    schema: components.reference(schema),
    ...(example === undefined ? {} : { example }),
  };
}

function contentObject(
  content: NonNullable<Answer["content"]>,
  components: SchemaComponents,
): Record<string, MediaTypeObject> {
  return Object.fromEntries(
    Object.entries(content).map(([mediaType, { schema, example }]) => [mediaType, {
      ...(schema === null ? {} : { schema: components.reference(schema) }),
      ...(example === undefined ? {} : { example }),
    }]),
  );
}

interface MediaTypeObject {
  readonly schema?: JsonSchema;
  readonly example?: unknown;
}

interface ResponseObject {
  description: string;
  headers?: Record<string, unknown>;
  content?: Record<string, MediaTypeObject>;
}

function responses(route: Route, components: SchemaComponents): Record<string, ResponseObject> {
  const found: Record<string, ResponseObject> = {};
  for (const answer of route.answers) merge(found, answer.status, answerObject(answer, components));
  for (const type of problemsOf(route)) {
    merge(found, PROBLEMS[type].status, {
      description: `\`${type}\`: ${PROBLEMS[type].title}.`,
      content: {
        [PROBLEM_MEDIA_TYPE]: {
          schema: components.reference(PROBLEM_SCHEMA),
          example: problemExample(type),
        },
      },
    });
  }
  return found;
}

function answerObject(
  { description, content, headers }: Answer,
  components: SchemaComponents,
): ResponseObject {
  return {
    description,
    ...(headers === undefined ? {} : {
      headers: Object.fromEntries(
        Object.entries(headers).map((
          [name, text],
        ) => [name, { description: text, schema: { type: "string" } }]),
      ),
    }),
    ...(content === undefined ? {} : { content: contentObject(content, components) }),
  };
}

/** One status may mean several things; OpenAPI has one entry for it. */
function merge(all: Record<string, ResponseObject>, status: number, more: ResponseObject): void {
  const known = all[status];
  if (known === undefined) {
    all[status] = more;
    return;
  }
  known.description += `\n\n${more.description}`;
  if (more.headers !== undefined) known.headers = { ...more.headers, ...known.headers };
  for (const [mediaType, added] of Object.entries(more.content ?? {})) {
    const content = known.content ??= {};
    const old = content[mediaType];
    content[mediaType] = old === undefined ? added : either(old, added);
  }
}

/** One of two forms under the same status and media type; the first one's example stands. */
function either(known: MediaTypeObject, more: MediaTypeObject): MediaTypeObject {
  const schemas = [...(known.schema?.["anyOf"] as JsonSchema[] ?? [known.schema]), more.schema];
  if (schemas.includes(undefined)) return {};
  const distinct = new Map(schemas.map((schema) => [JSON.stringify(schema), schema]));
  return distinct.size === 1 ? known : { ...known, schema: { anyOf: [...distinct.values()] } };
}

function problemExample(type: ProblemType): Record<string, unknown> {
  const { title, status } = PROBLEMS[type];
  return { type: problemAddress(type), title, status, detail: `${title}.` };
}
