import { RegExpRouter } from "hono/router/reg-exp-router";
import { SmartRouter } from "hono/router/smart-router";
import { TrieRouter } from "hono/router/trie-router";
import type { HttpHandler, HttpPeer } from "../http/mod.ts";
import type { Gateway } from "./gateway.ts";
import { untilLoaded } from "./loaded.ts";
import { draining, type OpenCalls } from "./open_calls.ts";
import { ParameterTable } from "./parameters.ts";
import { Problem, type ProblemType } from "./problem.ts";
import { problemOf, problemResponse } from "./problem_response.ts";
import { RequestCall } from "./request_call.ts";
import type { Route } from "./route.ts";
import { matches, moreExactFirst, NEEDS_JOBS, routerPath } from "./route_paths.ts";
import { allowRoute, type Trust } from "./trust/mod.ts";

/** A route as the router finds it. */
interface Entry {
  readonly route: Route;
  readonly parameters: ParameterTable;
}

export interface AppParts {
  readonly gateway: Gateway;
  readonly trust: Trust;
  readonly routes: readonly Route[];
  /** Takes what no route takes; its path is only a label. */
  readonly fallback?: Route | undefined;
  readonly openCalls: OpenCalls;
  /** Told of every answer: the route's path (`none` where none took it) and the seconds it took to make. */
  observe(route: string, method: string, status: number, seconds: number): void;
  /** Told of every problem that was answered. */
  countProblem?(type: ProblemType): void;
}

/** What requests that no route takes are counted under. */
const NO_ROUTE = "none";

/** Documents that a browser would run scripts in. */
const ACTIVE_DOCUMENT = /html|xml|svg/;

/** The whole of HTTP as one function: addresses, trust, parameters, problems. */
export function createApp(
  { gateway, trust, routes, fallback, openCalls, observe, countProblem }: AppParts,
): HttpHandler {
  // Hono's own choice of routers. Its application around them would make a context for each request.
  const router = new SmartRouter<Entry>({ routers: [new RegExpRouter(), new TrieRouter()] });
  for (const route of [...routes].sort(moreExactFirst)) {
    router.add(route.method, routerPath(route.path), entryOf(route));
  }
  const rest = fallback === undefined ? undefined : entryOf(fallback);

  /** The route that takes it: a HEAD is a GET whose body is not sent. */
  function entryFor(method: string, path: string): Entry | undefined {
    const [handlers] = router.match(method === "HEAD" ? "GET" : method, path);
    const found = handlers[0]?.[0];
    return found ?? (rest === undefined || isOurs(routes, path) ? undefined : rest);
  }

  function handle(request: Request, peer: HttpPeer): Response | Promise<Response> {
    const path = rawPathOf(request.url);
    const entry = entryFor(request.method, path);
    if (entry !== undefined) return answer(entry, request, peer, path);
    const response = problemAnswer(noRoute(routes, request.method, path), request.method, path);
    observe(NO_ROUTE, request.method, response.status, 0);
    return response;
  }

  async function answer(
    { route, parameters }: Entry,
    request: Request,
    peer: HttpPeer,
    rawPath: string,
  ): Promise<Response> {
    const began = performance.now();
    let call: RequestCall | undefined;
    let response: Response;
    try {
      const identity = trust.admit(request, peer);
      allowRoute(route, identity, () => parameters.path(rawPath));
      if (gateway.server.phase === "loading" && NEEDS_JOBS.has(route.tag)) {
        await untilLoaded(gateway.server);
      }
      const parts = { gateway, request, peer, identity, route, parameters, rawPath, openCalls };
      call = new RequestCall(parts);
      response = guarded(await route.handle(call));
    } catch (error) {
      const told = openCalls.closed && !(error instanceof Problem) ? draining() : error;
      response = problemAnswer(told, request.method, rawPath);
    }
    if (request.method === "HEAD") {
      call?.abandon();
      await response.body?.cancel();
      response = new Response(null, response);
    } else {
      call?.answered(isStream(response));
    }
    observe(route.path, request.method, response.status, (performance.now() - began) / 1000);
    return response;
  }

  function problemAnswer(error: unknown, method: string, path: string): Response {
    const problem = problemOf(error, `${method} ${path}`, (text) => gateway.log("ERROR", text));
    countProblem?.(problem.type);
    return guarded(problemResponse(problem, path));
  }

  return handle;
}

function entryOf(route: Route): Entry {
  return { route, parameters: new ParameterTable(route) };
}

/**
 * Whether an address is taken by the routes for all methods. Those of one segment (`/queues`) are not:
 * a function may have that name, too.
 */
function isOurs(routes: readonly Route[], path: string): boolean {
  return path.includes("/", 1) && routes.some((route) => matches(route.path, path));
}

/** Why no route took it: another method would do, or nothing is there. */
function noRoute(routes: readonly Route[], method: string, path: string): Problem {
  const found = routes.filter((route) => matches(route.path, path)).map((route) => route.method);
  if (found.length === 0) {
    return new Problem("not-found", "There is nothing at this address; /docs lists all operations");
  }
  const methods = new Set<string>(found);
  if (methods.has("GET")) methods.add("HEAD");
  const allow = [...methods].join(", ");
  return new Problem("method-not-allowed", `Cannot ${method} this address: it takes ${allow}`, {
    headers: { allow },
  });
}

/** No response is taken for what it does not say it is, and none runs scripts that it was not made with. */
function guarded(response: Response): Response {
  const { headers } = response;
  headers.set("x-content-type-options", "nosniff");
  const mediaType = headers.get("content-type");
  if (
    mediaType !== null && ACTIVE_DOCUMENT.test(mediaType) && !headers.has("content-security-policy")
  ) {
    headers.set("content-security-policy", "sandbox; default-src 'none'");
  }
  return response;
}

/** Whether it goes on when its head was sent. */
function isStream({ body, headers }: Response): boolean {
  return !headers.has("content-length") && (body !== null || headers.has("transfer-encoding"));
}

/** The path as it was sent: percent-encoding is undone per segment, not before routing. */
function rawPathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  if (start < 0) return "/";
  const query = url.indexOf("?", start);
  const hash = url.indexOf("#", start);
  const end = query < 0 ? hash : hash < 0 ? query : Math.min(query, hash);
  return end < 0 ? url.slice(start) : url.slice(start, end);
}
