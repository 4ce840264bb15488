import type { Idempotency, Job, JobEnd, JobWitness, Limits, Submission } from "../core/mod.ts";
import type { NamedRecord, StoredJob } from "../plugin_api/mod.ts";
import { type Packet, PacketType } from "../protocol/mod.ts";
import type { JobRecord } from "./job_record.ts";
import type { KeptEntry, KeptOutcomes } from "./kept_outcomes.ts";
import type { KnownKeys } from "./known_keys.ts";
import { type CollectedResult, ResultCollector } from "./result_collector.ts";
import type { KeptOutcome } from "./running_server.ts";

/** Where outcomes are written beside memory. */
export interface OutcomeLog {
  /** The job's row is to hold its outcome from now on, instead of going. Called before `remove`. */
  ended(job: Job, outcome: KeptOutcome): void;
  /** A row that holds an outcome goes; `put` comes in the same commit. */
  forget(key: number, put: readonly NamedRecord[]): void;
  /** A record for which nobody waits: written again and again until the store has it. */
  putQuietly(record: NamedRecord): void;
  /** Settles when the store has the record. Rejects with a `StoreError`. */
  put(name: string, value: Uint8Array | null): Promise<void>;
  /** Settles when the store has all that is known of the job now. Rejects with a `StoreError`. */
  written(job: Job): Promise<void>;
}

const WRITTEN = Promise.resolve();

/** For servers without a store. */
export const NO_OUTCOME_LOG: OutcomeLog = {
  ended: () => {},
  forget: () => {},
  putQuietly: () => {},
  put: () => WRITTEN,
  written: () => WRITTEN,
};

export interface OutcomeKeeperParts {
  readonly limits: Limits;
  readonly log: OutcomeLog;
  readonly outcomes: KeptOutcomes;
  readonly keys: KnownKeys;
  now(): number;
}

const NO_RESULT: CollectedResult = { result: new Uint8Array(0), resultDropped: false };

/** Watches the jobs that came over HTTP: keeps their outcomes and their idempotency keys. */
export class OutcomeKeeper implements JobWitness {
  readonly #parts: OutcomeKeeperParts;
  readonly #results: ResultCollector;
  /** Keys of requests that joined a job which has another one, and which the store had not taken yet. */
  readonly #joinedKeys = new Map<Job, Idempotency[]>();
  /** Outcomes that are being taken up from the store. */
  #found: KeptEntry[] = [];

  constructor(parts: OutcomeKeeperParts) {
    this.#parts = parts;
    this.#results = new ResultCollector(parts.limits);
  }

  // As a witness

  submitted(job: Job, { extras }: Submission, joined: boolean): void {
    const key = extras?.idempotency ?? null;
    if (key === null) return;
    const { keys, log } = this.#parts;
    if (job.extras?.idempotency?.keyHash === key.keyHash) {
      keys.attach(key, job.handle);
      if (joined) keys.storing(key, job.handle, log.written(job));
      return;
    }
    // It joined a job that has another key already.
    const record = keys.keepAlone(key, job.handle);
    if (record === undefined) return;
    if (job.persisted) keys.storing(key, job.handle, log.put(record.name, record.value));
    if (job.storeWaiters === null) return;
    const others = this.#joinedKeys.get(job);
    if (others === undefined) this.#joinedKeys.set(job, [key]);
    else others.push(key);
  }

  reported(job: Job, packet: Packet): void {
    if (job.extras !== null && packet.shape.type === PacketType.WORK_DATA) {
      this.#results.add(job, packet);
    }
  }

  returned(job: Job): void {
    if (job.extras !== null) this.#results.forget(job);
  }

  ended(job: Job, end: JobEnd, packet: Packet | null): void {
    const { extras, handle } = job;
    if (extras === null) return;
    const { outcomes, keys, log, now } = this.#parts;
    const { idempotency, retainMs } = extras;
    const finishedAt = now();
    const expiresAt = Math.max(
      retainMs > 0 ? finishedAt + retainMs : 0,
      idempotency?.expiresAt ?? 0,
    );
    const cameToNothing = end === "refused" || end === "abandoned";
    const joinedKeys = this.#joinedKeys.get(job) ?? [];
    this.#joinedKeys.delete(job);
    if (cameToNothing) { for (const key of joinedKeys) keys.withdraw(key, handle); }
    if (cameToNothing || expiresAt <= finishedAt) {
      this.#results.forget(job);
      if (idempotency !== null) keys.forget(idempotency, handle);
      return;
    }
    const { result, resultDropped } = this.#resultOf(job, end, packet);
    const outcome: KeptOutcome = {
      key: job.key,
      handle,
      functionName: job.queue.name,
      unique: job.unique,
      priority: job.priority,
      end,
      acceptedAt: job.acceptedAt,
      assignedAt: job.assignedAt,
      finishedAt,
      expiresAt,
      attempts: job.attempts + (job.state === "running" && end !== "worker lost" ? 1 : 0),
      payloadBytes: job.workload.length,
      result,
      resultDropped,
    };
    log.ended(job, outcome);
    outcomes.add({ outcome, idempotency });
  }

  #resultOf(job: Job, end: JobEnd, packet: Packet | null): CollectedResult {
    if (packet !== null && end === "complete") return this.#results.finish(job, packet);
    this.#results.forget(job);
    return packet !== null && end === "exception" ? this.#results.finish(job, packet) : NO_RESULT;
  }

  refused(): void {}
  queued(): void {}
  assigned(): void {}

  // From the store, at the start

  /** A job that is to run, and what the store has beside its row. */
  takeUpJob(stored: StoredJob, record: JobRecord | undefined): void {
    const key = record?.extras.idempotency ?? null;
    if (key !== null) this.#parts.keys.attach(key, stored.handle);
  }

  /** A job that has ended. */
  takeUpOutcome(stored: StoredJob, record: JobRecord | undefined): void {
    const { log, keys, now } = this.#parts;
    const { outcome } = stored;
    if (outcome === null || outcome.expiresAt <= now()) return log.forget(stored.key, []);
    const idempotency = record?.extras.idempotency ?? null;
    if (idempotency !== null) keys.attach(idempotency, stored.handle);
    this.#found.push({
      idempotency,
      outcome: {
        key: stored.key,
        handle: stored.handle,
        functionName: stored.functionName,
        unique: stored.unique,
        priority: stored.priority,
        end: record?.ending?.end ?? (stored.state === "done" ? "complete" : "fail"),
        acceptedAt: stored.acceptedAt,
        assignedAt: record?.ending?.assignedAt ?? null,
        finishedAt: outcome.finishedAt,
        expiresAt: outcome.expiresAt,
        attempts: stored.attempts,
        payloadBytes: stored.workload.length,
        result: ownBytes(outcome.result),
        resultDropped: record?.ending?.resultDropped ?? false,
      },
    });
  }

  /** All that the store held has been taken up. */
  takenUp(): void {
    this.#parts.outcomes.takeUp(this.#found);
    this.#found = [];
  }
}

/** Stores may hand out pieces of larger memory; a result that is kept must not hold all of it. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength > 2 * bytes.length ? bytes.slice() : bytes;
}
