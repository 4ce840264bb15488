import { html } from "hono/html";
import type { Call } from "./call.ts";
import { inline, pageResponse, pageText } from "./html_page.ts";
import { HTTP_PROBLEMS } from "../http/mod.ts";
import { Problem, PROBLEMS } from "./problem.ts";
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

/** What the gateway answers, and what is refused before it is asked. */
const ALL_PROBLEMS = { ...HTTP_PROBLEMS, ...PROBLEMS };
type AnyProblem = keyof typeof ALL_PROBLEMS;

const FORMS = ["application/json", "text/html"];

function problemList(call: Call): Response {
  const types = Object.keys(ALL_PROBLEMS) as AnyProblem[];
  if (call.accepts(FORMS) !== "text/html") return jsonResponse(200, { items: types.map(kind) });
  return pageResponse(pageText(
    "cogd: problems",
    html`
      <h1>Problems</h1>
      <table>${types.map((type) =>
        html`
          <tr>
            <td>${ALL_PROBLEMS[type].status}</td>
            <td><a href="${problemAddress(type)}">${type}</a></td>
            <td>${ALL_PROBLEMS[type].title}</td>
          </tr>
        `
      )}</table>
    `,
  ));
}

function problemPage(call: Call): Response {
  const type = call.path("name");
  if (!Object.hasOwn(ALL_PROBLEMS, type)) {
    throw new Problem("not-found", "There is no such kind of problem; /problems lists them");
  }
  const { status, title } = ALL_PROBLEMS[type as AnyProblem];
  if (call.accepts(FORMS) !== "text/html") return jsonResponse(200, kind(type as AnyProblem));
  return pageResponse(pageText(
    `cogd: ${type}`,
    html`
      <h1>${type}</h1>
      <p>${title}. Status ${status}.</p>
      <p>${inline("The member `detail` of the answer says what happened and what to do.")}
      <a href="/problems">All problems</a></p>
    `,
  ));
}

function kind(type: AnyProblem): Record<string, unknown> {
  const { status, title } = ALL_PROBLEMS[type];
  return { type: problemAddress(type), title, status };
}
