import type { FunctionQueue, JobServer } from "../core/mod.ts";
import type { ByteString } from "../protocol/mod.ts";
import { Problem } from "./problem.ts";

/** Time between two looks for functions that nobody uses, milliseconds: each looks at all of them. */
const LOOK_EVERY_MS = 10_000;

/**
 * Bounds the functions that callers of HTTP can bring into being: a function stays when its jobs are over, and
 * names cost nothing to make up. At the bound those that nobody uses are forgotten to make room.
 */
export class FunctionRoom {
  readonly #most: number;
  #lastLook = -Infinity;

  /** `most`: functions there may be, those of the binary port included, before none is added here. */
  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Throws `too-many-functions` when the function is not there and there is no room for it. To be called in a
   * step of the server. `now`: milliseconds since 1970.
   */
  require(name: ByteString, jobServer: JobServer, now: number): void {
    const { table } = jobServer;
    if (table.functionCount < this.#most || table.findFunction(name) !== undefined) return;
    if (now - this.#lastLook >= LOOK_EVERY_MS) {
      this.#lastLook = now;
      const unused = [...table.functions].filter(isUnused);
      for (const queue of unused) jobServer.dropFunction(queue.name);
    }
    if (table.functionCount < this.#most) return;
    throw new Problem(
      "too-many-functions",
      `There are ${table.functionCount} functions with jobs, workers or a policy; no more are added over HTTP`,
      { function: name, retryAfter: LOOK_EVERY_MS / 1000, members: { limit: this.#most } },
    );
  }
}

function isUnused({ total, workers, paused, limits }: FunctionQueue): boolean {
  return total === 0 && workers === 0 && !paused && limits.every((limit) => limit === 0);
}
