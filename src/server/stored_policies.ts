import { createHash } from "node:crypto";
import type { JobServer } from "../core/mod.ts";
import { type ByteString, encodeText, type QueueLimits } from "../protocol/mod.ts";
import { decodeJson, encodeJson } from "./json_record.ts";
import type { QueuePolicies, QueuePolicy, Records, RunningServer } from "./running_server.ts";

const PREFIX = "queue/";
const NO_POLICY: QueuePolicy = { limits: [0, 0, 0], paused: false };

type PolicyServer = Pick<RunningServer, "jobServer" | "act" | "limits">;

interface Written {
  readonly name: ByteString;
  readonly limits: QueueLimits;
  readonly paused: boolean;
}

/** Limits and pauses of functions. What applies is what the core has; the store has what was set here. */
export class StoredPolicies implements QueuePolicies {
  readonly #server: PolicyServer;
  readonly #records: Records;
  /** Names of the records that are stored, or on their way. */
  readonly #stored = new Set<string>();

  constructor(server: PolicyServer, records: Records) {
    this.#server = server;
    this.#records = records;
  }

  of(name: ByteString): QueuePolicy {
    const queue = this.#server.jobServer.table.findFunction(name);
    return queue === undefined ? NO_POLICY : { limits: queue.limits, paused: queue.paused };
  }

  hasRoomFor(name: ByteString): boolean {
    return this.#stored.size < this.#server.limits.maxStoredPolicies ||
      this.#stored.has(recordName(name));
  }

  async set(name: ByteString, policy: QueuePolicy): Promise<void> {
    this.#server.act((jobServer, now) => apply(jobServer, name, policy, now));
    const { limits, paused } = policy;
    const record = recordName(name);
    this.#stored.add(record);
    await this.#records.put(record, encodeJson({ name, limits, paused }));
  }

  async forget(name: ByteString): Promise<void> {
    const record = recordName(name);
    if (!this.#stored.delete(record)) return;
    await this.#records.put(record, null);
  }

  /** Applies what the store held at the start. */
  takeUp(): void {
    for (const [record, value] of this.#records.entries(PREFIX)) {
      this.#stored.add(record);
      const written = decodeJson<Written>(value);
      if (written === undefined) continue;
      this.#server.act((jobServer, now) => apply(jobServer, written.name, written, now));
    }
  }
}

function apply(
  jobServer: JobServer,
  name: ByteString,
  { limits, paused }: QueuePolicy,
  now: number,
): void {
  jobServer.createFunction(name);
  jobServer.setQueueLimits(name, limits);
  if (paused) jobServer.pause(name);
  else jobServer.resume(name, now);
}

/** Names may be longer than a record's name, and hold any bytes. */
function recordName(name: ByteString): string {
  return `${PREFIX}${createHash("sha256").update(encodeText(name)).digest("hex")}`;
}
