import { createApp } from "../../src/gateway/app.ts";
import type { Gateway, GatewayConfig } from "../../src/gateway/gateway.ts";
import { OpenCalls } from "../../src/gateway/open_calls.ts";
import type { Route } from "../../src/gateway/route.ts";
import { Trust } from "../../src/gateway/trust/mod.ts";
import { Waits } from "../../src/gateway/waits.ts";
import type { HttpPeer } from "../../src/http/mod.ts";
import { jsonOfResponse } from "./response_body.ts";

export const TEST_CONFIG: GatewayConfig = {
  version: "1.2.3",
  syncMs: 60_000,
  longestSyncMs: 3_600_000,
  longestWaitMs: 60_000,
  retainMs: 3_600_000,
  idempotencyMs: 86_400_000,
  maxBodyBytes: 1024,
  patienceMs: 10_000,
  maxBulkJobs: 1000,
  maxWaits: 100,
  maxWaitsPerCaller: 100,
  shutdownEnabled: false,
  dialect: "none",
  maxFunctions: 20_000,
  maxFunctionLabels: 500,
};

export interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** Routes of a test behind the whole framework, without sockets and without a job server. */
export class AppScene {
  readonly logged: string[] = [];
  readonly observed: string[] = [];
  readonly openCalls = new OpenCalls();
  /** Aborts the peer of the requests asked from now on. */
  peerGone = new AbortController();
  phase = "serving";
  readonly loaded = Promise.withResolvers<number>();
  readonly #handle;

  constructor(routes: readonly Route[], trust = new Trust({ tokens: null, hostNames: null })) {
    const phase = () => this.phase;
    const parts: Pick<Gateway, "config" | "waits" | "log" | "now"> & { readonly server: unknown } =
      {
        config: TEST_CONFIG,
        waits: new Waits(100, 100),
        server: {
          get phase() {
            return phase();
          },
          loaded: this.loaded.promise,
          // Whoever waits has soon waited long enough.
          clock: { later: (_ms: number, callback: () => void) => afterMoment(callback) },
        },
        now: () => 0,
        log: (level, text) => this.logged.push(`${level} ${text}`),
      };
    this.#handle = createApp({
      // The framework itself uses no more of it.
      gateway: parts as unknown as Gateway,
      trust,
      routes,
      openCalls: this.openCalls,
      observe: (route, method, status) => this.observed.push(`${method} ${route} ${status}`),
    });
  }

  async ask(
    path: string,
    { method = "GET", headers = {}, body = "" }: Asked = {},
  ): Promise<Response> {
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    const peer: HttpPeer = {
      remoteAddress: "127.0.0.1",
      remotePort: 50_000,
      signal: this.peerGone.signal,
      body: () => Promise.resolve(bytes),
      async *bodyPieces() {
        yield await Promise.resolve(bytes);
      },
    };
    return await this.#handle(
      new Request(`http://localhost:8080${path}`, { method, headers }),
      peer,
    );
  }

  /** The JSON of a problem, having checked that it is one. */
  async problem(path: string, asked: Asked = {}): Promise<Record<string, unknown>> {
    const response = await this.ask(path, asked);
    const body = await jsonOfResponse(response) as Record<string, unknown>;
    if (response.headers.get("content-type") !== "application/problem+json") {
      throw new Error(`no problem: ${response.status} ${JSON.stringify(body)}`);
    }
    if (body["status"] !== response.status) {
      throw new Error(`status ${response.status} is not told`);
    }
    return body;
  }
}

function afterMoment(callback: () => void): () => void {
  const timer = setTimeout(callback, 5);
  return () => clearTimeout(timer);
}

/** A route that answers with what `handle` makes of the call. */
export function testRoute(route: Partial<Route> & Pick<Route, "path" | "handle">): Route {
  return {
    method: "GET",
    operation: `test${route.path.replace(/\W/g, "_")}`,
    tag: "Server",
    summary: "A test.",
    role: "inspect",
    parameters: [],
    answers: [{ status: 200, description: "What it was." }],
    ...route,
  };
}
