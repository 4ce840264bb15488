import { type Admission, type Client, type JobExtras, Priority } from "../../src/core/mod.ts";
import { encodeText } from "../../src/protocol/mod.ts";
import type { RunningServer } from "../../src/server/mod.ts";

export interface HttpJob {
  readonly functionName?: string;
  readonly unique?: string;
  readonly workload?: string;
  readonly background?: boolean;
  /** Seconds until it may run. */
  readonly delayS?: number;
  /** Milliseconds. Default: an hour. */
  readonly retainMs?: number;
  /** An idempotency key by this name, good for an hour. */
  readonly key?: string;
  readonly keyMs?: number;
}

const HOUR = 3_600_000;

/** Submits a job as the gateway does. */
export function submitHttp(
  server: RunningServer,
  job: HttpJob = {},
  client: Client | null = null,
): Admission {
  const extras: JobExtras = {
    retainMs: job.retainMs ?? HOUR,
    idempotency: job.key === undefined ? null : {
      keyHash: keyHash(job.key),
      fingerprint: `fingerprint of ${job.key}`,
      expiresAt: server.clock.now() + (job.keyMs ?? HOUR),
    },
  };
  return server.act((jobServer, now) =>
    jobServer.submit(
      {
        functionName: job.functionName ?? "f",
        unique: job.unique ?? "",
        workload: encodeText(job.workload ?? "load"),
        priority: Priority.NORMAL,
        notBefore: job.delayS === undefined ? 0 : Math.floor(now / 1000) + job.delayS,
        reducer: "",
        background: job.background ?? true,
        extras,
      },
      client,
      now,
    )
  );
}

/** Sixty-four digits that a name stands for. */
export function keyHash(name: string): string {
  return [...name].map((char) => char.charCodeAt(0).toString(16)).join("").padEnd(64, "0");
}
