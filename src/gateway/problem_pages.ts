import { html } from "hono/html";
import type { Call } from "./call.ts";
import { inline, pageResponse } from "./html_page.ts";
import { Problem, PROBLEMS, type ProblemType } from "./problem.ts";
import { problemAddress } from "./problem_response.ts";
import { jsonResponse } from "./responses.ts";
import type { Route } from "./route.ts";

/** Where the `type` of a problem leads, so that it is no dead link. */
export const PROBLEM_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/problems",
    operation: "listProblems",
    tag: "Server",
    summary: "All kinds of problems.",
    role: "none",
    parameters: [],
    answers: [{ status: 200, description: "JSON, or a page for browsers." }],
    hidden: true,
    handle: (call) => problemList(call),
  },
  {
    method: "GET",
    path: "/problems/{name}",
    operation: "getProblem",
    tag: "Server",
    summary: "What a kind of problem means.",
    role: "none",
    parameters: [{
      name: "name",
      in: "path",
      description: "Its name.",
      schema: { type: "string" },
    }],
    answers: [{ status: 200, description: "JSON, or a page for browsers." }],
    hidden: true,
    handle: (call) => problemPage(call),
  },
];

const FORMS = ["application/json", "text/html"];

function problemList(call: Call): Response {
  const types = Object.keys(PROBLEMS) as ProblemType[];
  if (call.accepts(FORMS) !== "text/html") return jsonResponse(200, { items: types.map(kind) });
  return pageResponse(
    "cogd: problems",
    html`
      <h1>Problems</h1>
      <table>${types.map((type) =>
        html`
          <tr>
            <td>${PROBLEMS[type].status}</td>
            <td><a href="${problemAddress(type)}">${type}</a></td>
            <td>${PROBLEMS[type].title}</td>
          </tr>
        `
      )}</table>
    `,
  );
}

function problemPage(call: Call): Response {
  const type = call.path("name");
  if (!Object.hasOwn(PROBLEMS, type)) {
    throw new Problem("not-found", "There is no such kind of problem; /problems lists them");
  }
  const { status, title } = PROBLEMS[type as ProblemType];
  if (call.accepts(FORMS) !== "text/html") return jsonResponse(200, kind(type as ProblemType));
  return pageResponse(
    `cogd: ${type}`,
    html`
      <h1>${type}</h1>
      <p>${title}. Status ${status}.</p>
      <p>${inline("The member `detail` of the answer says what happened and what to do.")}
      <a href="/problems">All problems</a></p>
    `,
  );
}

function kind(type: ProblemType): Record<string, unknown> {
  const { status, title } = PROBLEMS[type];
  return { type: problemAddress(type), title, status };
}
