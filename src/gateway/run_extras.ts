import type { JobExtras } from "../core/mod.ts";

/** What a run of a schedule carries: by its class it is told from a submission over HTTP. */
export class RunExtras implements JobExtras {
  readonly retainMs: number;
  readonly idempotency = null;

  constructor(retainMs: number) {
    this.retainMs = retainMs;
  }
}
