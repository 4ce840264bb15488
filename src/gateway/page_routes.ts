import { html } from "hono/html";
import { docsText } from "./docs_page.ts";
import { once, pageResponse, pageText } from "./html_page.ts";
import { openApiDocument } from "./openapi.ts";
import { PROBLEM_ROUTES } from "./problem_pages.ts";
import { jsonResponse } from "./responses.ts";
import type { Route } from "./route.ts";

/** The description of `operations`, for programs and for people. */
export function pageRoutes(operations: readonly Route[], version: string): readonly Route[] {
  const described: readonly Route[] = [
    ...operations,
    openApiRoute(() => openApiDocument(described, version)),
  ];
  const docs = once(() => docsText(described, version));
  return [
    ...described.slice(operations.length),
    {
      method: "GET",
      path: "/docs",
      operation: "readDocs",
      tag: "Server",
      summary: "All operations as a page.",
      role: "none",
      parameters: [],
      answers: [{ status: 200, description: "A page." }],
      hidden: true,
      handle: () => pageResponse(docs()),
    },
    {
      method: "GET",
      path: "/",
      operation: "readStartPage",
      tag: "Server",
      summary: "Where to go on.",
      role: "none",
      parameters: [],
      answers: [{ status: 200, description: "A page." }],
      hidden: true,
      handle: ({ url }) => pageResponse(startText(version, url.host)),
    },
    ...PROBLEM_ROUTES,
  ];
}

function openApiRoute(describe: () => Record<string, unknown>): Route {
  const document = once(describe);
  return {
    method: "GET",
    path: "/openapi.json",
    operation: "getOpenApi",
    tag: "Server",
    summary: "This description (OpenAPI 3.1).",
    role: "none",
    parameters: [],
    answers: [{
      status: 200,
      description: "The description of all operations.",
      content: { "application/json": { schema: { type: "object" } } },
    }],
    handle: () => jsonResponse(200, document()),
  };
}

function startText(version: string, host: string): string {
  return pageText(
    "cogd",
    html`
      <h1>cogd ${version}</h1>
      <p>A Gearman job server. This is its HTTP side:</p>
      <pre>curl -X POST ${host}/jobs/reverse -d hello</pre>
      <ul>
        <li><a href="/docs">/docs</a>: all operations; for programs <a href="/openapi.json">/openapi.json</a></li>
        <li><a href="/queues">/queues</a>: functions and their jobs</li>
        <li><a href="/metrics">/metrics</a>: figures for monitoring</li>
      </ul>
    `,
  );
}
