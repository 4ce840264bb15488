import type { RunningHttpServer } from "../../http/mod.ts";
import type { ProblemType } from "../problem.ts";
import { DURATION_BOUNDS, Histogram } from "./histogram.ts";

const METHODS: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);

/** Requests of one route. */
export interface RouteFigures {
  /** Label values `method` and `status`, with a space between, to their count. */
  readonly requests: ReadonlyMap<string, number>;
  /** Milliseconds. */
  readonly duration: Histogram;
}

/** Several HTTP servers as one. */
export interface HttpTotals extends Pick<RunningHttpServer, "connections" | "bytes"> {
  readonly addresses: readonly RunningHttpServer["address"][];
}

interface CountedRoute extends RouteFigures {
  readonly requests: Map<string, number>;
}

/** Counts and durations of HTTP requests. */
export class HttpFigures {
  /** All listeners together, whose connections and bytes are shown; null while there is none. */
  server: HttpTotals | null = null;
  /** Problems answered, by type. */
  readonly problems = new Map<ProblemType, number>();
  readonly #routes = new Map<string, CountedRoute>();

  /** By route template. */
  get routes(): ReadonlyMap<string, RouteFigures> {
    return this.#routes;
  }

  /**
   * Counts an answered request. `route` is the template (`/jobs/{name}`), never the path itself, and
   * one fixed text for all paths that no route takes. `seconds`: until the answer's headers were made.
   */
  observe(route: string, method: string, status: number, seconds: number): void {
    let figures = this.#routes.get(route);
    if (figures === undefined) {
      figures = { requests: new Map(), duration: new Histogram(DURATION_BOUNDS) };
      this.#routes.set(route, figures);
    }
    const key = `${METHODS.has(method) ? method : "other"} ${status}`;
    figures.requests.set(key, (figures.requests.get(key) ?? 0) + 1);
    figures.duration.observe(seconds * 1000);
  }

  countProblem(type: ProblemType): void {
    this.problems.set(type, (this.problems.get(type) ?? 0) + 1);
  }
}
