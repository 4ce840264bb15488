import type { ConnectionView } from "../../server/mod.ts";
import type { Call } from "../call.ts";
import { invalidCursor, pageParameters, pageSchema, type PageSize } from "../paging.ts";
import { Problem } from "../problem.ts";
import { emptyResponse, jsonResponse } from "../responses.ts";
import type { Answer, JsonSchema, Parameter, Role, Route } from "../route.ts";
import {
  CLIENT_EXAMPLE,
  CLIENT_SCHEMA,
  clientJson,
  WORKER_EXAMPLE,
  WORKER_SCHEMA,
  workerJson,
} from "./connection_json.ts";

const ID: Parameter = {
  name: "id",
  in: "path",
  required: true,
  description: "Number of the connection.",
  schema: { type: "integer", minimum: 1 },
  example: 17,
};

const PAGE: PageSize = { usual: 100, most: 1000 };
const PAGE_PARAMETERS = pageParameters(PAGE, "17");

function pageAnswer(items: JsonSchema, example: unknown): Answer {
  return {
    status: 200,
    description: "Newest first; `next` is null on the last page.",
    content: {
      "application/json": {
        schema: pageSchema(items, "integer"),
        example: { items: [example], next: null },
      },
    },
  };
}

const WORKER_ANSWER: Answer = {
  status: 200,
  description: "As it is at this moment.",
  content: { "application/json": { schema: WORKER_SCHEMA, example: WORKER_EXAMPLE } },
};

const LIST: Route = {
  method: "GET",
  path: "/workers",
  operation: "listWorkers",
  tag: "Workers",
  summary: "Connections that do jobs",
  description: "Those with a function that the caller may see.",
  role: "inspect",
  parameters: [{
    name: "function",
    in: "query",
    description: "Only workers that can do it.",
    schema: { type: "string", minLength: 1 },
    example: "resize",
  }, ...PAGE_PARAMETERS],
  answers: [pageAnswer(WORKER_SCHEMA, WORKER_EXAMPLE)],
  handle(call) {
    const wanted = call.bytes("function");
    const maySee = mayIn(call, "inspect");
    return pageOf(
      call,
      ({ functions }) =>
        functions.some(({ name }) => (wanted === undefined || name === wanted) && maySee(name)),
      (view) => workerJson(view, maySee),
    );
  },
};

const DETAIL: Route = {
  method: "GET",
  path: "/workers/{id}",
  operation: "getWorker",
  tag: "Workers",
  summary: "One worker",
  role: "inspect",
  parameters: [ID],
  answers: [WORKER_ANSWER],
  problems: ["worker-unknown"],
  handle(call) {
    const maySee = mayIn(call, "inspect");
    const view = knownConnection(call);
    if (!view.functions.some(({ name }) => maySee(name))) throw unknown();
    return jsonResponse(200, workerJson(view, maySee));
  },
};

const DISCONNECT: Route = {
  method: "DELETE",
  path: "/workers/{id}",
  operation: "disconnect",
  tag: "Workers",
  summary: "End a connection, of a worker or a client",
  description:
    "The jobs that it runs go back to their queues, the jobs that only it waits for are " +
    "withdrawn. Most clients and workers connect again.",
  role: "admin",
  parameters: [ID],
  answers: [{ status: 204, description: "It is gone." }],
  problems: ["worker-unknown"],
  handle(call) {
    const { number } = knownConnection(call);
    if (!call.gateway.server.disconnect(number)) throw unknown();
    call.gateway.log("NOTICE", `${call.identity.caller} ended the connection ${number}`);
    return emptyResponse(204);
  },
};

function drainRoute(verb: "drain" | "undrain", draining: boolean, summary: string): Route {
  return {
    method: "POST",
    path: `/workers/{id}/${verb}`,
    operation: `${verb}Worker`,
    tag: "Workers",
    summary,
    description: "Needs the role for every function of the worker.",
    role: "operate",
    parameters: [ID],
    answers: [WORKER_ANSWER],
    problems: ["worker-unknown"],
    handle(call) {
      const { functions, number } = knownConnection(call);
      if (functions.length === 0) throw unknown();
      for (const { name } of functions) call.identity.require("operate", name);
      const { server, log } = call.gateway;
      if (!server.drainWorker(number, draining)) throw unknown();
      log("NOTICE", `${call.identity.caller}: ${verb} of the worker ${number}`);
      return jsonResponse(200, workerJson(knownConnection(call), () => true));
    },
  };
}

const CLIENTS: Route = {
  method: "GET",
  path: "/clients",
  operation: "listClients",
  tag: "Workers",
  summary: "Connections that submit jobs",
  description:
    "Connections of the binary port that have submitted something, or can do no function.",
  role: "inspect",
  everyFunction: true,
  parameters: PAGE_PARAMETERS,
  answers: [pageAnswer(CLIENT_SCHEMA, CLIENT_EXAMPLE)],
  handle: (call) =>
    pageOf(
      call,
      ({ functions, submitted }) => functions.length === 0 || submitted > 0,
      clientJson,
    ),
};

export const CONNECTION_ROUTES: readonly Route[] = [
  LIST,
  DETAIL,
  DISCONNECT,
  drainRoute("drain", true, "Give it no more jobs"),
  drainRoute("undrain", false, "Give it jobs again"),
  CLIENTS,
];

function mayIn({ identity }: Call, role: Role): (name: string) => boolean {
  return (name) => identity.allows(role, name);
}

/** A page of connections below the number `cursor`, newest first. */
function pageOf(
  call: Call,
  matches: (view: ConnectionView) => boolean,
  show: (view: ConnectionView) => unknown,
): Response {
  const below = numberOfCursor(call.text("cursor"));
  const limit = call.number("limit") ?? PAGE.usual;
  const page: ConnectionView[] = [];
  let next: number | null = null;
  for (const view of call.gateway.server.connections()) {
    if (view.number >= below || !matches(view)) continue;
    if (page.length === limit) {
      next = page[page.length - 1]!.number;
      break;
    }
    page.push(view);
  }
  return jsonResponse(200, { items: page.map(show), next });
}

function numberOfCursor(cursor: string | undefined): number {
  if (cursor === undefined) return Infinity;
  if (!/^[1-9][0-9]{0,14}$/.test(cursor)) throw invalidCursor();
  return Number(cursor);
}

function knownConnection(call: Call): ConnectionView {
  const text = call.path("id");
  const number = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  for (const view of call.gateway.server.connections()) if (view.number === number) return view;
  throw unknown();
}

function unknown(): Problem {
  return new Problem("worker-unknown", "No open connection has this number; /workers lists them");
}
