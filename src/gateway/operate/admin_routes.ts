import type { Call } from "../call.ts";
import { Problem } from "../problem.ts";
import { jsonResponse } from "../responses.ts";
import type { Answer, Route } from "../route.ts";
import { object, PHASE } from "./server_routes.ts";

const PHASE_ANSWER: Answer = {
  status: 200,
  description: "The phase that the server is in now.",
  content: {
    "application/json": { schema: object({ phase: PHASE }), example: { phase: "draining" } },
  },
};

function drainRoute(verb: "drain" | "undrain", draining: boolean, summary: string): Route {
  return {
    method: "POST",
    path: `/admin/${verb}`,
    operation: `${verb}Server`,
    tag: "Server",
    summary,
    description: "Concerns submissions over HTTP; the binary port serves on.",
    role: "admin",
    parameters: [],
    answers: [PHASE_ANSWER],
    handle(call) {
      const { server } = call.gateway;
      server.setDraining(draining);
      call.gateway.log("NOTICE", `${call.identity.caller}: ${verb} of the server`);
      return jsonResponse(200, { phase: server.phase });
    },
  };
}

const SHUTDOWN: Route = {
  method: "POST",
  path: "/admin/shutdown",
  operation: "shutDown",
  tag: "Server",
  summary: "End the server",
  description: "Works only when it was enabled at the start. Background jobs stay in the store.",
  role: "admin",
  parameters: [{
    name: "graceful",
    in: "query",
    description: "First let the jobs end that run or would be lost.",
    schema: { type: "boolean" },
  }],
  answers: [{
    status: 202,
    description: "It ends.",
    content: {
      "application/json": {
        schema: object({ graceful: { type: "boolean" } }),
        example: { graceful: true },
      },
    },
  }],
  handle(call) {
    requireShutdown(call);
    const { gateway } = call;
    const graceful = call.flag("graceful");
    gateway.log("NOTICE", `${call.identity.caller} ends the server`);
    // The answer leaves first.
    gateway.server.clock.later(0, () => gateway.shutdown(graceful));
    return jsonResponse(202, { graceful });
  },
};

function requireShutdown({ gateway }: Call): void {
  if (gateway.config.shutdownEnabled) return;
  throw new Problem(
    "forbidden",
    "Cannot end the server over HTTP: it was started without --http-shutdown",
  );
}

export const ADMIN_ROUTES: readonly Route[] = [
  drainRoute("drain", true, "Take no more jobs over HTTP"),
  drainRoute("undrain", false, "Take jobs again"),
  SHUTDOWN,
];
